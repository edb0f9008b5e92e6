SELECT street, count(*) FROM person GROUP BY street
