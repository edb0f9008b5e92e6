-- GUARD_GROUPING_SETS
SELECT grouping(sex), count(*) FROM person GROUP BY sex
