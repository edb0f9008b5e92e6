-- GUARD_FUNCTION
SELECT repeat('x', 1000000000), count(*) FROM person
