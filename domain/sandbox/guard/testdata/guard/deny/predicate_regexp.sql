-- GUARD_PREDICATE
SELECT count(*) FROM person WHERE regexp_matches(street, '1$')
