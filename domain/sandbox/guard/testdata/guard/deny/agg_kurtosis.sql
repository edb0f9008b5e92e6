-- GUARD_ROW_AGGREGATE
SELECT kurtosis(age) FROM person
