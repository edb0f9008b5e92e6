-- GUARD_SENSITIVE_USE
SELECT sum((disease <> 'flu')::INT) FROM person
