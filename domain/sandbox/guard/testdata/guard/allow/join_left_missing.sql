SELECT count(*) FROM person p LEFT JOIN visit v ON p.id_card = v.id_card WHERE v.id_card IS NULL
