-- GUARD_UNKNOWN_SYNTAX
SELECT count(*) FROM person p(a, b)
