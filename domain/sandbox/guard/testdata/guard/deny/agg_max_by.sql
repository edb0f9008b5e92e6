-- GUARD_ROW_AGGREGATE
SELECT max_by(disease, income) FROM person
