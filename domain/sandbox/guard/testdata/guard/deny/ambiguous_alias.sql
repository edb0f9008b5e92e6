-- GUARD_AMBIGUOUS
SELECT floor(age / 10) * 10 AS age, count(*) FROM person GROUP BY age
