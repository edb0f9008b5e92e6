-- GUARD_FUNCTION
SELECT error('x'), count(*) FROM person
