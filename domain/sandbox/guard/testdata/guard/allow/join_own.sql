SELECT m.grp, count(*), avg(p.income) FROM person p JOIN mine m ON p.id_card = m.id_card GROUP BY m.grp
