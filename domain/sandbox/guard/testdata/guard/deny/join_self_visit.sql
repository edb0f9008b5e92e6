-- GUARD_SELF_JOIN
SELECT count(*) FROM visit a JOIN visit b ON a.id_card = b.id_card
