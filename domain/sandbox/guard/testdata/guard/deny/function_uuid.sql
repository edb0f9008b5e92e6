-- GUARD_FUNCTION
SELECT uuid(), count(*) FROM person
