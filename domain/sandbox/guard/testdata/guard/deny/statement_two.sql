-- GUARD_ONE_STATEMENT
SELECT count(*) FROM person; SELECT count(*) FROM visit
