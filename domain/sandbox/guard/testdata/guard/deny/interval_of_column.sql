-- GUARD_PREDICATE
SELECT count(*) FROM person p JOIN visit v ON p.id_card = v.id_card WHERE v.day > p.insured_since + INTERVAL 1 MONTH
