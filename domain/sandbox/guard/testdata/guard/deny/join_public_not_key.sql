-- GUARD_JOIN_FAN_OUT
SELECT count(*) FROM person p JOIN county_dim c ON p.county = c.region
