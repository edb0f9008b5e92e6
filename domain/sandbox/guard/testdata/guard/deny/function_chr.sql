-- GUARD_FUNCTION
SELECT chr(7), count(*) FROM person
