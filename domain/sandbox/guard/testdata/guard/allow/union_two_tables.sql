SELECT count(*) AS n FROM person UNION ALL SELECT count(*) FROM firm
