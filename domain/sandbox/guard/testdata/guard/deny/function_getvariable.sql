-- GUARD_FUNCTION
SELECT getvariable('x'), count(*) FROM person
