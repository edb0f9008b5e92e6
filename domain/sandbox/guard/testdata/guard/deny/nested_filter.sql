-- GUARD_NESTED_AGGREGATE
SELECT count(*) FILTER (WHERE sum(income) > 3) FROM person
