-- GUARD_SUBQUERY
SELECT count(*) FROM person p WHERE EXISTS (SELECT 1 FROM visit v WHERE v.id_card = p.id_card)
