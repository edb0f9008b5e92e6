-- GUARD_PREDICATE
SELECT count(*) FROM person WHERE age > score
