SELECT avg(n) FROM (SELECT id_card, count(*) FILTER (WHERE day >= DATE '2024-06-01') AS n FROM visit GROUP BY id_card) t
