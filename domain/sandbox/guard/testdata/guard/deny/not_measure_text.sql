-- GUARD_NOT_MEASURE
SELECT sum(street) FROM person
