-- GUARD_ROW_AGGREGATE
SELECT string_agg(street, ',') FROM person
