-- GUARD_FUNCTION
SELECT write_log('x'), count(*) FROM person
