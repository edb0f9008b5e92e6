-- GUARD_QUALIFIED_NAME
SELECT count(*) FROM person WHERE main.person.age > 3
