-- GUARD_ROW_AGGREGATE
SELECT bit_xor(age) FROM person
