-- GUARD_SENSITIVE_USE
SELECT count(*) FROM person WHERE disease <> 'none'
