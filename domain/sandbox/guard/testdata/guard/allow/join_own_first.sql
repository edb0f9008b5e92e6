SELECT count(*) FROM mine m JOIN person p ON p.id_card = m.id_card WHERE m.member = true
