-- GUARD_KEY_EXPRESSION
SELECT 'a', count(*) FROM person GROUP BY 'a'
