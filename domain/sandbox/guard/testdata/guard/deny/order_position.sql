-- GUARD_ORDER
SELECT sex, count(*) FROM person GROUP BY sex ORDER BY 7
