-- GUARD_ROW_LEVEL
SELECT count(*) FROM (SELECT age + 1 AS a FROM person) t WHERE a > 3
