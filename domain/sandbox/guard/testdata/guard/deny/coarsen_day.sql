-- GUARD_COARSEN
SELECT insured_since, count(*) FROM person GROUP BY insured_since
