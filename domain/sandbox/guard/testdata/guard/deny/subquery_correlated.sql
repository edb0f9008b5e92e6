-- GUARD_UNKNOWN_TABLE
SELECT count(*) FROM person p WHERE p.id_card IN (SELECT v.id_card FROM visit v WHERE p.age > 3)
