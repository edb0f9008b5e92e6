-- GUARD_NOT_SELECT
SELECT count(*) FROM person; DROP TABLE person
