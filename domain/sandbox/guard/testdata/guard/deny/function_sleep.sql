-- GUARD_FUNCTION
SELECT sleep_ms(1000), count(*) FROM person
