-- GUARD_SHOW
SELECT count(*) FROM (DESCRIBE person) t
