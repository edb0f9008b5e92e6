-- GUARD_KEY_EXPRESSION
SELECT floor(age / 10) + floor(day(insured_since)), count(*) FROM person GROUP BY 1
