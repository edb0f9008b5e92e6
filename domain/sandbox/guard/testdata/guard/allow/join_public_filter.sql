SELECT count(*) FROM person p JOIN county_dim c ON p.county = c.county WHERE c.region = '北部'
