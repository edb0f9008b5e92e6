-- GUARD_COARSEN
SELECT day(insured_since), count(*) FROM person GROUP BY 1
