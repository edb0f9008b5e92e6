-- GUARD_UNIT_USE
SELECT sum(id_card) FROM person
