SELECT avg(total) FROM (SELECT id_card, sum(cost) AS total FROM visit GROUP BY id_card HAVING count(*) FILTER (WHERE hospital = 'h1') > 0 AND count(*) < 9) t
