-- GUARD_QUALIFIED_NAME
SELECT count(*) FROM person WHERE age.add(1) > 3
