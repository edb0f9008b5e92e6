-- GUARD_MEASURE_USE
SELECT income, count(*) FROM person GROUP BY income
