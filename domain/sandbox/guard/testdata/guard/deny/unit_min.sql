-- GUARD_ROW_AGGREGATE
SELECT min(id_card) FROM person
