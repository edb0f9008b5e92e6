-- GUARD_ROW_AGGREGATE
SELECT approx_quantile(income, 0.5) FROM person
