-- GUARD_QUALIFIED_NAME
SELECT count(*) FROM memory.main.person
