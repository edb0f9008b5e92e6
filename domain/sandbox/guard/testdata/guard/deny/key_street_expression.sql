-- GUARD_KEY_EXPRESSION
SELECT street || 'x', count(*) FROM person GROUP BY 1
