-- GUARD_VALUES
SELECT count(*) FROM (VALUES (1), (2)) t(a)
