-- GUARD_LITERAL_DOMAIN
SELECT count(*) FROM person WHERE sex = 'female'
