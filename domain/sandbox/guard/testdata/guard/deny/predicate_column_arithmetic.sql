-- GUARD_PREDICATE
SELECT count(*) FROM visit v JOIN person p ON v.id_card = p.id_card WHERE p.age + day(v.day) > 30
