-- GUARD_CAST
SELECT count(*) FROM person WHERE CAST(age AS BLOB) = 'x'
