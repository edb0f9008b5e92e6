-- GUARD_FUNCTION
SELECT random(), count(*) FROM person
