-- GUARD_AGGREGATE_USE
SELECT quantile_cont(income, 2) FROM person
