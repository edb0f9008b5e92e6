WITH l AS (SELECT id_card, count(*) AS tests FROM lab GROUP BY id_card) SELECT count(*), avg(v.cost) FROM visit v JOIN l ON v.id_card = l.id_card WHERE l.tests > 1
