-- GUARD_UNKNOWN_COLUMN
SELECT count(*) FROM person WHERE salary > 3
