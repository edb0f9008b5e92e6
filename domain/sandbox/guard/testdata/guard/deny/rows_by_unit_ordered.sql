-- GUARD_ROW_LEVEL
SELECT id_card, sum(cost) AS s FROM visit GROUP BY id_card ORDER BY s DESC LIMIT 1
