-- GUARD_ROW_AGGREGATE
SELECT quantile_disc(income, 0.5) FROM person
