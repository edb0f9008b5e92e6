-- GUARD_SET_OPERATION
SELECT count(*) FROM person UNION ALL SELECT sex, count(*) FROM person GROUP BY sex
