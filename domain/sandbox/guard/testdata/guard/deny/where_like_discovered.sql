-- GUARD_PREDICATE
SELECT count(*) FROM person WHERE street LIKE '%1'
