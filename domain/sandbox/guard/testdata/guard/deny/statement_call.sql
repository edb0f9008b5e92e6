-- GUARD_NOT_SELECT
CALL pragma_version()
