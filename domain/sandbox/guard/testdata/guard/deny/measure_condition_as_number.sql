-- GUARD_MEASURE_USE
SELECT avg((income > 5)::INT) FROM person
