-- GUARD_FUNCTION
SELECT current_setting('threads'), count(*) FROM person
