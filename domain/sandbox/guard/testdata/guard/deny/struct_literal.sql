-- GUARD_LAMBDA
SELECT {'a': 1}, count(*) FROM person
