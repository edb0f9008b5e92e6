-- GUARD_UNIT_DOMAIN
SELECT count(*) FROM person p JOIN firm f ON p.id_card = f.uscc
