-- GUARD_AMBIGUOUS
SELECT count(id_card) FROM person p JOIN visit v ON p.id_card = v.id_card
