SELECT "sex" AS "性 别", count(*) FROM "person" GROUP BY "sex"
