-- GUARD_AGGREGATE_USE
SELECT avg(m) FROM (SELECT id_card, avg(cost) AS m FROM visit GROUP BY id_card) t
