-- GUARD_UNKNOWN_TABLE
SELECT count(*) FROM person p WHERE q.age > 3
