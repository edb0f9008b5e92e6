-- GUARD_TYPE
SELECT count(*) FROM person WHERE age > 'old'
