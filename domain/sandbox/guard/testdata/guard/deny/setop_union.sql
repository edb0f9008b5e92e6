-- GUARD_SET_OPERATION
SELECT count(*) FROM person UNION SELECT count(*) FROM visit
