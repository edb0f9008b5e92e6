-- GUARD_JOIN_ONLY
SELECT count(*) FROM person WHERE home_hospital = 'h1'
