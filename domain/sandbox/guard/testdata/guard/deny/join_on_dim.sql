-- GUARD_JOIN
SELECT count(*) FROM person p JOIN lab l ON p.age = l.level
