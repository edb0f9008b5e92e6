-- GUARD_LIMIT
SELECT sex, count(*) FROM person GROUP BY sex LIMIT 1 + 1
