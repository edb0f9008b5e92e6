SELECT street FROM person GROUP BY street
