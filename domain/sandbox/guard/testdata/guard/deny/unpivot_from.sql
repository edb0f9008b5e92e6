-- GUARD_PIVOT
SELECT count(*) FROM (UNPIVOT person ON age) t
