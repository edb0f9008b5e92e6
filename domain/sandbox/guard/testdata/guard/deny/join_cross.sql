-- GUARD_JOIN
SELECT count(*) FROM person, visit
