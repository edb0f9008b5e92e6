SELECT CASE WHEN sex = 'F' AND age >= 60 THEN '女性老年' WHEN sex = 'M' AND age >= 60 THEN '男性老年' ELSE '其余' END AS g, count(*) FROM person GROUP BY g
