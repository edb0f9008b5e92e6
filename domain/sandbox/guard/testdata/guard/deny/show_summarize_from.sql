-- GUARD_SHOW
SELECT count(*) FROM (SUMMARIZE person) t
