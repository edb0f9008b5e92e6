-- GUARD_AGGREGATE_USE
SELECT count(DISTINCT upper(id_card)) FROM person
