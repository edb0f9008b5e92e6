-- GUARD_FUNCTION
SELECT nextval('s'), count(*) FROM person
