-- GUARD_ROW_AGGREGATE
SELECT avg(m) FROM (SELECT id_card, max(cost) AS m FROM visit GROUP BY id_card) t
