-- GUARD_ROW_AGGREGATE
SELECT array_agg(age) FROM person
