-- GUARD_LAMBDA
SELECT count(*) FROM person WHERE street[1] = 67
