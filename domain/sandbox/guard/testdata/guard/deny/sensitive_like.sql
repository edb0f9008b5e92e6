-- GUARD_PREDICATE
SELECT count(*) FROM person WHERE disease LIKE 'CAN%'
