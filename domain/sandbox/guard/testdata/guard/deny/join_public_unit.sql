-- GUARD_JOIN
SELECT count(*) FROM person p JOIN hospital_dim h ON p.id_card = h.code
