-- GUARD_SUBQUERY
SELECT count(*) FROM person WHERE id_card NOT IN (SELECT id_card FROM visit)
