package policy

import (
	"encoding/json"
	"os"
	"reflect"
	"sort"
	"strings"
	"testing"

	"pado/domain/sandbox/guard/refuse"
)

const good = `{"k":10,"rho_per_aggregate":5000000,"rho_total":500000000,"delta_total":1000000000,"tables":{
 "person":{"unit":"id","rows":1,"columns":{"age":{"label":"dim","type":"int","lo":0,"hi":120,"grid":1,"coarsen":5},
  "sex":{"label":"dim","domain":["F","M"],"source":"GB/T 2261.1"},"income":{"label":"measure","lo":-5.5,"hi":"100.5","grid":0.5},
  "since":{"label":"dim","type":"date","lo":"2000-01-01","hi":"2030-12-31","coarsen":"month"},"年龄段-旧":{"label":"forbidden"}}},
 "county":{"public":true,"key":["code"]}}}`

func TestGood(t *testing.T) {
	p, r := Parse([]byte(good))
	if r != nil {
		t.Fatal(r)
	}
	if p.Tables["person"].Columns["id"].Label != Unit || p.Tables["person"].UnitDomain != "natural_person" {
		t.Error("the unit column is not implied")
	}
	if d := p.SelectionDelta(); d != 10_000_000 {
		t.Errorf("δ of a selection %d", d)
	}
	q, _ := Parse([]byte(strings.ReplaceAll(good, `"k":10`, `"k":11`)))
	if p.Digest() == q.Digest() || len(p.Digest()) != 64 {
		t.Error("digest")
	}
}

// Domains of numbers and booleans keep their kind through a round trip.
func TestDomainKinds(t *testing.T) {
	p, r := Parse([]byte(strings.Replace(good, `["F","M"]`, `[1, 2, 10]`, 1)))
	if r != nil || p.Tables["person"].Columns["sex"].Type != "int" {
		t.Fatal(r)
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	q, r := Parse(b)
	if r != nil || q.Digest() != p.Digest() {
		t.Error("round trip changes the document", r)
	}
	if p, r = Parse([]byte(strings.Replace(good, `["F","M"]`, `[true, false]`, 1))); r != nil || p.Tables["person"].Columns["sex"].Domain.Words[0] != "true" {
		t.Error(r)
	}
}

// Each mistake gets its own sentence; the key is a part of the sentence.
func TestBad(t *testing.T) {
	swap := func(old, new string) string {
		s := strings.Replace(good, old, new, 1)
		if s == good {
			t.Fatalf("%s is not in the document", old)
		}
		return s
	}
	for want, doc := range map[string]string{
		"不是有效的 JSON":        "{",
		"多余内容":              good + "{}",
		"未知字段":              swap(`"k":10`, `"kk":10`),
		"重复":                swap(`"k":10`, `"k":10,"k":11`),
		"不分大小写":             swap(`"sex":{`, `"AGE":{"label":"forbidden"},"sex":{`),
		"类型不对":              swap(`"k":10`, `"k":"ten"`),
		"rho_per_aggregate": swap(`5000000`, `0`),
		"allow_large_rho":   swap(`"rho_total":500000000`, `"rho_total":2000000001`),
		"delta_total":       swap(`1000000000`, `1000000000000000`),
		"没有声明主体列":           swap(`"unit":"id",`, ``),
		"rows":              swap(`"rows":1`, `"rows":100000`),
		"标签 secret 不认识":     swap(`"label":"forbidden"`, `"label":"secret"`),
		"类型 float 不认识":      swap(`"type":"int"`, `"type":"float"`),
		"须声明 lo 与 hi":       swap(`"lo":-5.5,"hi":"100.5","grid":0.5`, `"type":"decimal"`),
		"整数倍":               swap(`"lo":-5.5`, `"lo":-5.7`),
		"lo 不大于 hi":         swap(`"lo":-5.5`, `"lo":500`),
		"grid 为正":           swap(`"grid":0.5`, `"grid":0`),
		"coarsen 须为 grid":   swap(`"coarsen":5`, `"coarsen":0.5`),
		"coarsen 须为 day":    swap(`"coarsen":"month"`, `"coarsen":"hour"`),
		"年-月-日":             swap(`"2000-01-01"`, `"2000-13-01"`),
		"重复取值":              swap(`["F","M"]`, `["F","F"]`),
		"不可见字符":             swap(`["F","M"]`, `["F","M\u200b"]`),
		"不能有 domain":        swap(`"label":"dim","domain"`, `"label":"join_only","domain"`),
		"不能有 lo/hi":         swap(`"label":"dim","type":"date"`, `"label":"sensitive_dim","type":"date"`),
		"格":                 swap(`"hi":120`, `"hi":2000000`),
		"不允许的字符":            swap(`"person"`, `"per#son"`),
		"只有公开表":             swap(`"rows":1`, `"key":["id"]`),
		"不能既是 public":       swap(`"public":true`, `"public":true,"own":true`),
		"也标为 unit":          swap(`"label":"forbidden"`, `"label":"unit"`),
		"标签须为 unit":         swap(`"年龄段-旧"`, `"id"`),
		"tables 为空":         `{"rho_per_aggregate":1,"rho_total":1,"delta_total":1,"tables":{}}`,
		"没有内容":              `{"rho_per_aggregate":1,"rho_total":1,"delta_total":1,"tables":{"a":null}}`,
	} {
		_, r := Parse([]byte(doc))
		if r == nil {
			t.Errorf("%s: accepted", want)
			continue
		}
		if r.Code != refuse.Policy || !strings.Contains(r.Message, want) {
			t.Errorf("got %q, want it to say %q", r.Message, want)
		}
	}
}

// The schema names exactly the fields the program reads.
func TestSchemaMatchesStructs(t *testing.T) {
	b, err := os.ReadFile("policy.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]any `json:"properties"`
	}
	var doc struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string]struct {
		schema map[string]any
		typ    reflect.Type
	}{"policy": {doc.Properties, reflect.TypeFor[Policy]()}, "table": {doc.Defs["table"].Properties, reflect.TypeFor[Table]()}, "column": {doc.Defs["column"].Properties, reflect.TypeFor[Column]()}} {
		var a, c []string
		for k := range pair.schema {
			a = append(a, k)
		}
		for i := range pair.typ.NumField() {
			tag, _, _ := strings.Cut(pair.typ.Field(i).Tag.Get("json"), ",")
			c = append(c, tag)
		}
		sort.Strings(a)
		sort.Strings(c)
		if !reflect.DeepEqual(a, c) {
			t.Errorf("%s: schema has %v, program reads %v", name, a, c)
		}
	}
}

// Whatever the bytes, parsing ends with a document that validates again or with a refusal.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"tables":{"a":{"unit":"u","columns":{"x":{"label":"measure","lo":1e308,"hi":1e-400,"grid":"1/3"}}}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, r := Parse(b)
		if (p == nil) == (r == nil) {
			t.Fatal("neither or both")
		}
		if p != nil {
			if r := p.Validate(); r != nil {
				t.Fatal("valid once, not twice:", r)
			}
		}
	})
}
