-- GUARD_LAMBDA
SELECT list_transform([1], lambda x: x + 1), count(*) FROM person
