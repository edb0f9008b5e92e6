-- GUARD_FUNCTION
SELECT now(), count(*) FROM person
