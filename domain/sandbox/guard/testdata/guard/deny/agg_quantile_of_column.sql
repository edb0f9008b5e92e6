-- GUARD_AGGREGATE_USE
SELECT quantile_cont(income, age) FROM person
