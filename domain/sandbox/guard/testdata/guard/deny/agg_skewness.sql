-- GUARD_ROW_AGGREGATE
SELECT skewness(age) FROM person
