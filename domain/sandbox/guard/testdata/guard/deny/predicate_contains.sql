-- GUARD_PREDICATE
SELECT count(*) FROM person WHERE contains(street, '17')
