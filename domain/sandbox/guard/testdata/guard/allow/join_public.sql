SELECT c.region, count(*) FROM person p JOIN county_dim c ON p.county = c.county GROUP BY c.region
