-- GUARD_NOT_GROUPED
SELECT sex, count(*) FROM person GROUP BY sex ORDER BY income
