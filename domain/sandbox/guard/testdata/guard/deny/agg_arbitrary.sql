-- GUARD_ROW_AGGREGATE
SELECT arbitrary(age) FROM person
