-- GUARD_PARAMETER
SELECT count(*) FROM person WHERE age > $age
