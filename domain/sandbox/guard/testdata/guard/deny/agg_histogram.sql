-- GUARD_ROW_AGGREGATE
SELECT histogram(age) FROM person
