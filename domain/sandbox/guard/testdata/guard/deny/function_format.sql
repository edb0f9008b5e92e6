-- GUARD_FUNCTION
SELECT format('{}', 1), count(*) FROM person
