SELECT s, count(*) FROM (SELECT sex AS s, age FROM person WHERE county = 'east') t WHERE age > 30 GROUP BY s
