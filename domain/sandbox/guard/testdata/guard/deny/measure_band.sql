-- GUARD_MEASURE_USE
SELECT floor(income / 1000), count(*) FROM person GROUP BY 1
