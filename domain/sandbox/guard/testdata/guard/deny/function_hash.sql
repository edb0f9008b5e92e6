-- GUARD_FUNCTION
SELECT hash(1), count(*) FROM person
