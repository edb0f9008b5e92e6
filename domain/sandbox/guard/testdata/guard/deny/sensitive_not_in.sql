-- GUARD_SENSITIVE_USE
SELECT count(*) FROM person WHERE disease NOT IN ('none', 'flu')
