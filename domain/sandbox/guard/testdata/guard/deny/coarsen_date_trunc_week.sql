-- GUARD_COARSEN
SELECT date_trunc('week', insured_since), count(*) FROM person GROUP BY 1
