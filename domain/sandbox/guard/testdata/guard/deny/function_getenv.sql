-- GUARD_FUNCTION
SELECT getenv('HOME'), count(*) FROM person
