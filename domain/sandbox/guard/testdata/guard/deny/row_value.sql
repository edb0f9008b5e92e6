-- GUARD_LAMBDA
SELECT (age, sex), count(*) FROM person GROUP BY 1
