-- GUARD_SELF_JOIN
SELECT count(*) FROM person a JOIN person b ON a.id_card = b.id_card
