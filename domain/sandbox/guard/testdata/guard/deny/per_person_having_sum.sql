-- GUARD_MEASURE_USE
SELECT count(*) FROM (SELECT id_card FROM visit GROUP BY id_card HAVING sum(cost) > 1000) t
