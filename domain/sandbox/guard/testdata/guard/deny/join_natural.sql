-- GUARD_JOIN
SELECT count(*) FROM person NATURAL JOIN visit
