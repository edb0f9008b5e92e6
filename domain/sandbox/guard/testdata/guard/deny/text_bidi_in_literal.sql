-- GUARD_LITERAL
SELECT CASE WHEN sex = 'F' THEN '‮abc' ELSE 'b' END, count(*) FROM person GROUP BY 1
