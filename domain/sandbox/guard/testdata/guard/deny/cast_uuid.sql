-- GUARD_CAST
SELECT CAST('x' AS UUID), count(*) FROM person
