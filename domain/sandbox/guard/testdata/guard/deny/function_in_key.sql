-- GUARD_FUNCTION
SELECT hash(age), count(*) FROM person GROUP BY 1
