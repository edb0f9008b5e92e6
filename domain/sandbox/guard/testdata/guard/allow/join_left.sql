SELECT p.sex, count(*) AS rows, count(v.id_card) AS visits, sum(v.cost) FROM person p LEFT JOIN visit v ON p.id_card = v.id_card GROUP BY p.sex
