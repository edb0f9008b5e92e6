SELECT avg(income) FROM person WHERE id_card IN (SELECT id_card FROM visit GROUP BY id_card HAVING count(*) >= 4)
