-- GUARD_QUALIFIED_NAME
SELECT count(*) FROM pg_catalog.pg_class
