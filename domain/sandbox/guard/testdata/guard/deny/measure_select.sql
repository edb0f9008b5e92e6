-- GUARD_NOT_GROUPED
SELECT income, count(*) FROM person GROUP BY sex
