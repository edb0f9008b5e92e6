-- GUARD_LAMBDA
SELECT [1, 2], count(*) FROM person
