SELECT hospital, count(*) FROM visit GROUP BY hospital HAVING count(DISTINCT id_card) >= 10
