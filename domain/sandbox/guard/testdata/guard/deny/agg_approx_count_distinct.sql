-- GUARD_ROW_AGGREGATE
SELECT approx_count_distinct(age) FROM person
