-- GUARD_COARSEN
SELECT age % 10, count(*) FROM person GROUP BY 1
