-- GUARD_ROW_AGGREGATE
SELECT arg_min(street, income) FROM person
