-- GUARD_TYPE
SELECT count(*) FROM person WHERE insured_since > 2010
