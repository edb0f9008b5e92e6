-- GUARD_QUALIFIED_NAME
SELECT count(*) FROM information_schema.tables
