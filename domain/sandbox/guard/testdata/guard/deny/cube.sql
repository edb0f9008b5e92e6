-- GUARD_GROUPING_SETS
SELECT sex, county, count(*) FROM person GROUP BY CUBE (sex, county)
