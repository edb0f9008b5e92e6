-- GUARD_IDENTIFIER
SELECT count(*) AS "a""b" FROM person
