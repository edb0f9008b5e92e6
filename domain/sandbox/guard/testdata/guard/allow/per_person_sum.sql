SELECT avg(total), median(total) FROM (SELECT id_card, sum(cost) AS total FROM visit GROUP BY id_card) t
