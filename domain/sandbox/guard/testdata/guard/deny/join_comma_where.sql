-- GUARD_JOIN
SELECT count(*) FROM person p, visit v WHERE p.id_card = v.id_card
