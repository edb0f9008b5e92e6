-- GUARD_LAMBDA
SELECT count(*) FROM person, LATERAL (SELECT unnest([1, 2]) AS a FROM range(3)) t
