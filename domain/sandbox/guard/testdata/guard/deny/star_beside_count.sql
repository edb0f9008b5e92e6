-- GUARD_STAR
SELECT count(*), * FROM person
