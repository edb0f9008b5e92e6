-- GUARD_QUALIFIED_NAME
SELECT count(*) FROM main.person
