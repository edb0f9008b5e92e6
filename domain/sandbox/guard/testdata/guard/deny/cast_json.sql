-- GUARD_CAST
SELECT CAST('{}' AS JSON), count(*) FROM person
