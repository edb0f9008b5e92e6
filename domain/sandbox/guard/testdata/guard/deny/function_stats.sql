-- GUARD_FUNCTION
SELECT stats(1), count(*) FROM person
