-- GUARD_JOIN
SELECT count(*) FROM person p ASOF JOIN visit v ON p.id_card = v.id_card AND p.insured_since >= v.day
