-- GUARD_COARSEN
SELECT floor(age / 2) * 2, count(*) FROM person GROUP BY 1
