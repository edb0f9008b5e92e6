-- GUARD_CELL_LIMIT
SELECT day, floor(age / 5), sex, count(*) FROM person p JOIN visit v ON p.id_card = v.id_card GROUP BY 1, 2, 3
