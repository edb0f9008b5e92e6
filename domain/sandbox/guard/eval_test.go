package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

const demoInit = `
CREATE TABLE person AS SELECT printf('%06d', i) AS id_card, 'n' || i AS name, i % 97 AS age, CASE WHEN i % 3 = 0 THEN 'F' ELSE 'M' END AS sex,
  ['east','west','south'][1 + i % 3] AS county, 'street ' || (i % 40) AS street, CASE WHEN i % 50 = 0 THEN 'flu' ELSE 'none' END AS disease,
  (i * 7919) % 200000 AS income, DATE '2000-01-01' + CAST(i % 9000 AS INTEGER) AS insured_since FROM range(20000) t(i);
CREATE TABLE visit AS SELECT printf('%06d', i % 15000) AS id_card, 'h' || (i % 5) AS hospital, (i % 300) AS cost, DATE '2024-01-01' + CAST(i % 300 AS INTEGER) AS day FROM range(60000) t(i);
CREATE TABLE county_dim AS SELECT * FROM (VALUES ('east','北部'),('west','北部'),('south','南部')) v(county, region);
`

const demoPolicy = `{"k":10,"rho_per_aggregate":5000000,"rho_total":500000000,"delta_total":1000000000,
 "tables":{
  "person":{"unit":"id_card","unit_domain":"natural_person","rows":1,"columns":{
    "id_card":{"label":"unit"},"name":{"label":"forbidden"},
    "age":{"label":"dim","type":"int","lo":0,"hi":120,"grid":1,"coarsen":5},
    "sex":{"label":"dim","domain":["F","M"],"source":"GB/T 2261.1"},"county":{"label":"dim","domain":["east","west","south"],"source":"civil affairs 2024"},
    "street":{"label":"sensitive_dim"},"disease":{"label":"sensitive_dim"},
    "income":{"label":"measure","lo":0,"hi":200000,"grid":1},
    "insured_since":{"label":"dim","type":"date","lo":"2000-01-01","hi":"2030-12-31","coarsen":"month"}}},
  "visit":{"unit":"id_card","unit_domain":"natural_person","rows":12,"columns":{
    "id_card":{"label":"unit"},"hospital":{"label":"dim"},"cost":{"label":"measure","lo":0,"hi":500,"grid":1},
    "day":{"label":"dim","type":"date","lo":"2024-01-01","hi":"2024-12-31"}}},
  "county_dim":{"public":true,"key":["county"]}}}`

func evalAll(t *testing.T, initSQL, pol string, shared bool, sqls ...string) []EvalResult {
	t.Helper()
	var in bytes.Buffer
	for i, s := range sqls {
		b, _ := json.Marshal(map[string]string{"name": string(rune('a' + i%26)), "sql": s})
		in.Write(append(b, '\n'))
	}
	var out bytes.Buffer
	err := Eval(context.Background(), EvalOptions{Init: strings.NewReader(initSQL), Policy: strings.NewReader(pol), Queries: &in, Out: &out, Dir: t.TempDir(), Shared: shared, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	var res []EvalResult
	dec := json.NewDecoder(&out)
	for dec.More() {
		var r EvalResult
		if err := dec.Decode(&r); err != nil {
			t.Fatal(err)
		}
		res = append(res, r)
	}
	return res
}

func TestDemo(t *testing.T) {
	for _, r := range evalAll(t, demoInit, demoPolicy, false,
		`SELECT count(*) FROM person`,
		`SELECT sex AS 性别, count(*) AS 人数, avg(income) FROM person WHERE age >= 18 GROUP BY sex HAVING count(*) > 100 ORDER BY 人数 DESC LIMIT 3`,
		`SELECT floor(age/10)*10 AS band, count(*) FROM person GROUP BY 1`,
		`SELECT street, count(*) FROM person GROUP BY street`,
		`SELECT sum(cost), count(DISTINCT id_card), count(*) FROM visit`,
		`SELECT * FROM person`,
	) {
		b, _ := json.Marshal(r)
		t.Logf("%s", b)
	}
}
