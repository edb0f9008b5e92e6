WITH n AS (SELECT id_card, count(*) AS visits FROM visit GROUP BY id_card) SELECT CASE WHEN visits >= 4 THEN '4+' ELSE '<4' END AS band, count(*) FROM n GROUP BY band
