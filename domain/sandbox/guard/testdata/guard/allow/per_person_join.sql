SELECT p.sex, avg(n.visits) FROM person p JOIN (SELECT id_card, count(*) AS visits FROM visit GROUP BY id_card) n ON p.id_card = n.id_card GROUP BY p.sex
