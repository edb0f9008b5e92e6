-- GUARD_JOIN_ONLY
SELECT home_hospital, count(*) FROM person GROUP BY home_hospital
