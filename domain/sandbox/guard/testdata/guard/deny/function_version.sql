-- GUARD_FUNCTION
SELECT version(), count(*) FROM person
