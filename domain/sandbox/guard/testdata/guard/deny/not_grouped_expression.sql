-- GUARD_NOT_GROUPED
SELECT floor(age / 10), count(*) FROM person GROUP BY floor(age / 20)
