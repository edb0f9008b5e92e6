-- GUARD_COARSEN
SELECT age, count(*) FROM person GROUP BY age
