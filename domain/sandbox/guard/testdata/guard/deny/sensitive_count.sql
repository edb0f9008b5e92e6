-- GUARD_SENSITIVE_USE
SELECT count(disease) FROM person
