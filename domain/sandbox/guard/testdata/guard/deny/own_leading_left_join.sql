-- GUARD_OWN_TABLE
SELECT count(*) FROM mine m LEFT JOIN person p ON m.id_card = p.id_card
