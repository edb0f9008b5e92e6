-- GUARD_FUNCTION
SELECT strptime('x', '%Y'), count(*) FROM person
