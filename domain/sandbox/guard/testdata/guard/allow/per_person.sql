WITH n AS (SELECT id_card, count(*) AS visits FROM visit GROUP BY id_card) SELECT visits, count(*) FROM n GROUP BY visits
