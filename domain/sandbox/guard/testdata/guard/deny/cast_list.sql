-- GUARD_CAST
SELECT CAST('[]' AS INTEGER[]), count(*) FROM person
