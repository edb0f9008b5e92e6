-- GUARD_LITERAL_DOMAIN
SELECT count(*) FROM person WHERE county IN ('east', 'north')
