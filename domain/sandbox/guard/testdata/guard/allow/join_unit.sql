SELECT p.sex, count(*), avg(v.cost) FROM person p JOIN visit v ON p.id_card = v.id_card GROUP BY p.sex
