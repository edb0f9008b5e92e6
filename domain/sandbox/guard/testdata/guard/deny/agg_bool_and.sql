-- GUARD_ROW_AGGREGATE
SELECT bool_and(age > 3) FROM person
