-- GUARD_PREDICATE
SELECT count(*) FROM person WHERE age IN (3, score)
