-- GUARD_PREDICATE
SELECT count(*) FROM person WHERE CASE WHEN street = 'x' THEN error('x') ELSE true END
