-- GUARD_FUNCTION
SELECT current_database(), count(*) FROM person
