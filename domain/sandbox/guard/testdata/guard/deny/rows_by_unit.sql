-- GUARD_ROW_LEVEL
SELECT id_card, count(*) FROM visit GROUP BY id_card
