-- GUARD_ROW_LEVEL
SELECT avg(income) FROM (SELECT income FROM person ORDER BY income DESC LIMIT 1) t
