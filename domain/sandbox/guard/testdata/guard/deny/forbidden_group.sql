-- GUARD_COLUMN_FORBIDDEN
SELECT name, count(*) FROM person GROUP BY name
