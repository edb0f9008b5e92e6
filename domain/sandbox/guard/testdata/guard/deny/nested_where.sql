-- GUARD_NESTED_AGGREGATE
SELECT count(*) FROM person WHERE count(*) > 3
