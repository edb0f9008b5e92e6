-- GUARD_NOT_SELECT
SET threads = 8
