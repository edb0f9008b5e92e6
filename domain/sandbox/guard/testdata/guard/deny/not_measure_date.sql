-- GUARD_NOT_MEASURE
SELECT avg(insured_since) FROM person
