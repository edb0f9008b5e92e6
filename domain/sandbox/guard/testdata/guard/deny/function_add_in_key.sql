-- GUARD_FUNCTION
SELECT add(age, 1), count(*) FROM person GROUP BY 1
