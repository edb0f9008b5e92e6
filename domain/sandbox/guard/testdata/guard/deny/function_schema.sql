-- GUARD_QUALIFIED_NAME
SELECT system.count(age) FROM person
