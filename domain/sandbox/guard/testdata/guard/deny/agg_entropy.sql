-- GUARD_ROW_AGGREGATE
SELECT entropy(age) FROM person
