SELECT county, count(*) FROM person WHERE disease = 'flu' GROUP BY county
