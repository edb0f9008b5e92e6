-- GUARD_FUNCTION
SELECT pg_sleep(1), count(*) FROM person
