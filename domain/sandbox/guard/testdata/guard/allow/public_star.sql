SELECT * FROM county_dim
