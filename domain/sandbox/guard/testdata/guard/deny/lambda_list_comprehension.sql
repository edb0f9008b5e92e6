-- GUARD_LAMBDA
SELECT [x + 1 FOR x IN [1, 2]], count(*) FROM person
