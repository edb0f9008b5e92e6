-- GUARD_JOIN
SELECT count(*) FROM person p JOIN visit v ON p.id_card < v.id_card
