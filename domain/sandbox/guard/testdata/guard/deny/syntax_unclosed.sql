-- GUARD_SYNTAX
SELECT count(*) FROM person WHERE sex = 'F
