package ast

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pado/domain/sandbox/guard/refuse"
)

const oneSelect = `{"error":false,"statements":[{"node":{"type":"SELECT_NODE","modifiers":[],"cte_map":{"map":[]},"select_list":[{"class":"FUNCTION","type":"FUNCTION","alias":"人数","query_location":7,"function_name":"count_star","schema":"","children":[],"filter":null,"order_bys":{"type":"ORDER_MODIFIER","orders":[]},"distinct":false,"is_operator":false,"export_state":false,"catalog":""}],"from_table":{"type":"BASE_TABLE","alias":"","sample":null,"query_location":18446744073709551615,"schema_name":"","table_name":"person","column_name_alias":[],"catalog_name":"","at_clause":null},"where_clause":null,"group_expressions":[],"group_sets":[],"aggregate_handling":"STANDARD_HANDLING","having":null,"sample":null,"qualify":null},"named_param_map":[]}]}`

func TestDecodeOne(t *testing.T) {
	q, r := Decode(oneSelect)
	if r != nil {
		t.Fatal(r)
	}
	s, ok := q.(*Select)
	if !ok || len(s.Items) != 1 || s.Items[0].Alias != "人数" || s.From.(*Base).Name != "person" {
		t.Errorf("%+v", q)
	}
	if got := Print(q); got != `SELECT count(*) AS "人数" FROM "person"` {
		t.Error(got)
	}
}

// Every field of the accepted tree matters: leave any one out, rename it, or give it a value of
// another kind, and the tree is refused.
func TestDecodeIsStrict(t *testing.T) {
	var doc any
	if err := json.Unmarshal([]byte(oneSelect), &doc); err != nil {
		t.Fatal(err)
	}
	tried := 0
	try := func(what string) {
		b, _ := json.Marshal(doc)
		text := strings.ReplaceAll(string(b), "18446744073709552000", "18446744073709551615")
		tried++
		if _, r := Decode(text); r == nil {
			t.Errorf("accepted: %s", what)
		}
	}
	var walk func(v any, path string)
	walk = func(v any, path string) {
		switch v := v.(type) {
		case map[string]any:
			keys := make([]string, 0, len(v))
			for k := range v {
				keys = append(keys, k)
			}
			for _, k := range keys {
				old := v[k]
				delete(v, k)
				try("without " + path + "/" + k)
				v[k+"2"] = old
				try("renamed " + path + "/" + k)
				delete(v, k+"2")
				v[k] = map[string]any{"unexpected": true}
				try("object at " + path + "/" + k)
				if _, isNull := old.(bool); !isNull && k != "query_location" {
					v[k] = 7.0
					try("number at " + path + "/" + k)
				}
				v[k] = old
				v["new_in_the_next_version"] = nil
				try("one more field beside " + path + "/" + k)
				delete(v, "new_in_the_next_version")
				walk(old, path+"/"+k)
			}
		case []any:
			for _, x := range v {
				walk(x, path+"/[]")
			}
		}
	}
	walk(doc, "")
	if tried < 100 {
		t.Errorf("only %d variations tried", tried)
	}
}

func TestDuplicateField(t *testing.T) {
	if _, r := Decode(strings.Replace(oneSelect, `"having":null`, `"having":null,"having":null`, 1)); r == nil {
		t.Error("accepted a field twice")
	}
	if _, r := Decode(oneSelect + "{}"); r == nil {
		t.Error("accepted text after the tree")
	}
}

func TestDepth(t *testing.T) {
	if _, r := Decode(strings.Repeat("[", 200000)); r == nil || r.Code != refuse.TooComplex {
		t.Errorf("%v", r)
	}
}

func TestCheckText(t *testing.T) {
	for text, want := range map[string]refuse.Code{
		"SELECT 1":                          "",
		"SELECT\t'a\u200bb'\r\n":            "",
		"SELECT \u200b1":                    refuse.TextCharacter,
		"SELECT 1 -- \u202e":                refuse.TextCharacter,
		"SELECT 'a\x00'":                    refuse.TextCharacter,
		"SELECT\u00a01":                     refuse.TextCharacter,
		"SELECT '\xff'":                     refuse.TextEncoding,
		strings.Repeat("x", MaxTextBytes):   "",
		strings.Repeat("x", MaxTextBytes+1): refuse.TextTooLong,
	} {
		r := CheckText(text)
		if (r == nil) != (want == "") || (r != nil && r.Code != want) {
			t.Errorf("%.20q: %v, want %q", text, r, want)
		}
	}
}

// The decoder ends on any bytes, with a tree that prints or with a refusal.
func FuzzDecode(f *testing.F) {
	f.Add(oneSelect)
	files, _ := filepath.Glob("testdata/parsed/*.json")
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(string(b))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range []func(string) (Query, *refuse.Refusal){Decode, DecodeEmitted} {
			q, r := d(text)
			if (q == nil) == (r == nil) {
				t.Fatal("neither or both")
			}
			if q != nil && Print(q) == "" {
				t.Fatal("prints nothing")
			}
		}
	})
}
