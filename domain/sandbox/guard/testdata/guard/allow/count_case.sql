SELECT count(CASE WHEN sex = 'F' THEN 1 END) FROM person
