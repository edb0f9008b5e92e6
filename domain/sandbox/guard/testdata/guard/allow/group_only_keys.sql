SELECT county FROM person GROUP BY county
