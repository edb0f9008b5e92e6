-- GUARD_TOO_COMPLEX
SELECT count(*) FROM person WHERE day(insured_since) % 2 = 1
