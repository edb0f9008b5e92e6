-- GUARD_STAR
SELECT p.* FROM person p
