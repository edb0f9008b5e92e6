-- GUARD_KEY_EXPRESSION
SELECT left(disease, 1), count(*) FROM person GROUP BY 1
