SELECT count(*) FROM (SELECT id_card, count(*) AS n FROM visit GROUP BY id_card HAVING count(*) >= 4) t
