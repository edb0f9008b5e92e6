-- A small made-up county: 20,000 persons, 15,000 of them with visits, 300 firms.
CREATE TABLE person AS SELECT printf('CANARY%06d', i) AS id_card, 'CANARYNAME' || i AS name, i % 97 AS age,
  CASE WHEN i % 3 = 0 THEN 'F' WHEN i % 1000 = 1 THEN 'X' ELSE 'M' END AS sex,
  ['east', 'west', 'south'][1 + i % 3] AS county, 'CANARYSTREET' || (i % 40) AS street,
  CASE WHEN i % 50 = 0 THEN 'flu' WHEN i = 77 THEN 'CANARYDISEASE' ELSE 'none' END AS disease,
  (i * 7919) % 200000 AS income, CASE WHEN i % 10 > 0 THEN (i % 41) / 10.0 END AS score,
  DATE '2000-01-01' + CAST(i % 9000 AS INTEGER) AS insured_since, 'h' || (i % 7) AS home_hospital
  FROM range(20000) t(i);
CREATE TABLE visit AS SELECT printf('CANARY%06d', i % 15000) AS id_card, 'h' || (i % 5) AS hospital, 'h' || (i % 7) AS hospital_code,
  (i % 300) AS cost, DATE '2024-01-01' + CAST(i % 300 AS INTEGER) AS day FROM range(60000) t(i);
CREATE TABLE lab AS SELECT printf('CANARY%06d', i % 5000) AS id_card, i % 10 AS level FROM range(15000) t(i);
CREATE TABLE firm AS SELECT 'FIRM' || i AS uscc, ['A', 'B', 'C'][1 + i % 3] AS trade, i * 10 AS staff FROM range(300) t(i);
CREATE TABLE mine AS SELECT printf('CANARY%06d', i * 2) AS id_card, i % 2 = 0 AS member, i % 4 AS grp FROM range(4000) t(i);
CREATE TABLE county_dim AS SELECT * FROM (VALUES ('east', '北部', 100.5), ('west', '北部', 200.25), ('south', '南部', 300.0)) v(county, region, area);
CREATE TABLE hospital_dim AS SELECT 'h' || i AS code, CASE WHEN i < 3 THEN '三级' ELSE '二级' END AS grade FROM range(7) t(i);
