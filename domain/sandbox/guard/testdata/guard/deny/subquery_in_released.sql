-- GUARD_SUBQUERY
SELECT count(*) FROM person WHERE id_card IN (SELECT count(*) FROM visit)
