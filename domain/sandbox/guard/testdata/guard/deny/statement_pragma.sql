-- GUARD_NOT_SELECT
PRAGMA database_list
