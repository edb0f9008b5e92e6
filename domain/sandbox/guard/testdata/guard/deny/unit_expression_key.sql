-- GUARD_UNIT_USE
SELECT substr(id_card, 1, 7), count(*) FROM person GROUP BY 1
