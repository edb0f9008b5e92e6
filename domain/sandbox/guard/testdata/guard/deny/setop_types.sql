-- GUARD_TYPE
SELECT count(*) FROM person UNION ALL SELECT sex FROM person GROUP BY sex
