-- GUARD_LITERAL
SELECT count(*) FROM person WHERE age = NULL
