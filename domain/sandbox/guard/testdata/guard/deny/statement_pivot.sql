-- GUARD_NOT_SELECT
PIVOT person ON sex USING count(*)
