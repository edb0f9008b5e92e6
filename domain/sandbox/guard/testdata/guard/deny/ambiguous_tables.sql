-- GUARD_AMBIGUOUS
SELECT count(*) FROM person x JOIN visit x ON x.id_card = x.id_card
