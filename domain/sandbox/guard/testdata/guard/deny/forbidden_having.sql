-- GUARD_COLUMN_FORBIDDEN
SELECT count(*) FROM person HAVING name = 'x'
