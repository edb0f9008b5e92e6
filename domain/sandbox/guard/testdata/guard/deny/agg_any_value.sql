-- GUARD_ROW_AGGREGATE
SELECT any_value(age) FROM person
