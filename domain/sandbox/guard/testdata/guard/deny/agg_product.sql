-- GUARD_ROW_AGGREGATE
SELECT product(age) FROM person
