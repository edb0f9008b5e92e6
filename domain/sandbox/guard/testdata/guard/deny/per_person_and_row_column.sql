-- GUARD_KEY_EXPRESSION
SELECT count(*) FROM (SELECT id_card, hospital, count(*) AS n FROM visit GROUP BY id_card, hospital) t
