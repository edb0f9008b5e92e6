package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func tableProduct(artefact []byte) *Product {
	return &Product{
		ID: "P", Kind: DataAPI, Release: ArtefactDigest(artefact), Paging: Paging{Default: 5, Max: 100},
		Params: []Param{
			{Name: "c", Type: String, Column: "c", Op: Equal},
			{Name: "n", Type: Integer, Column: "n", Op: Equal},
			{Name: "lo", Type: Integer, Column: "n", Op: AtLeast},
			{Name: "hi", Type: Integer, Column: "n", Op: AtMost},
			{Name: "p", Type: Decimal, Column: "p", Op: AtLeast},
			{Name: "d", Type: Date, Column: "d", Op: AtMost},
		},
		Columns: []Column{
			{Name: "c", Type: String}, {Name: "n", Type: Integer, Nullable: true},
			{Name: "p", Type: Decimal}, {Name: "d", Type: Date}, {Name: "b", Type: Boolean, Nullable: true},
		},
	}
}

type tableRow struct {
	C string `json:"c"`
	N *int64 `json:"n"`
	P string `json:"p"`
	D string `json:"d"`
	B *bool  `json:"b"`
}

// Paging through the answer of any combination of conditions gives exactly the
// rows a plain loop over the artefact selects, in its order.
func TestLookupEqualsPlainFilter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []tableRow
		var artefact []byte
		for i := range rapid.IntRange(0, 300).Draw(t, "rows") {
			r := tableRow{
				C: fmt.Sprintf("C%d", (i*7)%5), P: fmt.Sprintf("%d.%d", (i*13)%20, i%3),
				D: time.Date(2026, 1, 1+(i*5)%40, 0, 0, 0, 0, time.UTC).Format(time.DateOnly),
			}
			if i%11 != 0 {
				n := int64((i * 31) % 50)
				r.N = &n
			}
			if i%2 == 0 {
				b := i%4 == 0
				r.B = &b
			}
			line, _ := json.Marshal(r)
			artefact = append(append(artefact, line...), '\n')
			rows = append(rows, r)
		}
		p := tableProduct(artefact)
		table, err := LoadTable(p, artefact, JSONLines)
		if err != nil {
			t.Fatal(err)
		}
		shelf := new(Shelf)
		shelf.Put(table)
		given := map[string]string{"limit": fmt.Sprint(rapid.IntRange(1, 100).Draw(t, "limit"))}
		for name, values := range map[string][]string{
			"c": {"C1", "C4", "C9"}, "n": {"0", "12", "49"}, "lo": {"5", "40", "60"}, "hi": {"3", "45"},
			"p": {"0.50", "7", "19.9"}, "d": {"2026-01-01", "2026-01-20"},
		} {
			if rapid.Bool().Draw(t, name) {
				given[name] = rapid.SampledFrom(values).Draw(t, name+" value")
			}
		}
		asked, refusal := p.read(given, nil)
		if refusal != nil {
			t.Fatal(refusal.Fields)
		}
		var got []tableRow
		for {
			page, err := shelf.Lookup(context.Background(), &asked.query)
			if err != nil {
				t.Fatal(err)
			}
			var part []tableRow
			if err := json.Unmarshal(page.Rows, &part); err != nil || len(part) != page.Count || len(part) > asked.query.Limit {
				t.Fatalf("%v %d %d", err, len(part), page.Count)
			}
			got = append(got, part...)
			if page.Next == "" {
				break
			}
			if page.Count != asked.query.Limit {
				t.Fatal("a page before the last is not full")
			}
			asked.query.Cursor = page.Next
		}
		var want []tableRow
		for _, r := range rows {
			if plain(r, asked.query.Filters) {
				want = append(want, r)
			}
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if string(a) != string(b) {
			at := 0
			for at < min(len(a), len(b)) && a[at] == b[at] {
				at++
			}
			t.Fatalf("%d rows, want %d; they differ at %.80s", len(got), len(want), a[at:])
		}
	})
}

func plain(r tableRow, filters []Filter) bool {
	for _, f := range filters {
		var c int
		switch f.Column {
		case "c":
			c = strings.Compare(r.C, f.Value.text)
		case "n":
			if r.N == nil {
				return false
			}
			c = int(*r.N - f.Value.num)
		case "p":
			var a, b float64
			fmt.Sscan(r.P, &a)
			fmt.Sscan(f.Value.text, &b)
			switch {
			case a < b:
				c = -1
			case a > b:
				c = 1
			}
		case "d":
			c = strings.Compare(r.D, f.Value.text)
		}
		if f.Op == Equal && c != 0 || f.Op == AtLeast && c < 0 || f.Op == AtMost && c > 0 {
			return false
		}
	}
	return true
}

func TestLoadTableRefuses(t *testing.T) {
	good := `{"c":"x","n":1,"p":"1.5","d":"2026-01-31","b":true}` + "\n"
	for name, artefact := range map[string]string{
		"missing column":   `{"c":"x","n":1,"p":"1.5","d":"2026-01-31"}`,
		"extra column":     `{"c":"x","n":1,"p":"1.5","d":"2026-01-31","b":true,"id_card":"11010519491231002X"}`,
		"swapped column":   `{"c":"x","n":1,"p":"1.5","d":"2026-01-31","id":true}`,
		"null":             `{"c":null,"n":1,"p":"1.5","d":"2026-01-31","b":true}`,
		"text for integer": `{"c":"x","n":"1","p":"1.5","d":"2026-01-31","b":true}`,
		"fraction":         `{"c":"x","n":1.5,"p":"1.5","d":"2026-01-31","b":true}`,
		"number for text":  `{"c":7,"n":1,"p":"1.5","d":"2026-01-31","b":true}`,
		"no such date":     `{"c":"x","n":1,"p":"1.5","d":"2026-02-31","b":true}`,
		"exponent":         `{"c":"x","n":1,"p":1e3,"d":"2026-01-31","b":true}`,
		"no object":        `["secret value"]`,
		"cut off":          `{"c":"secret value`,
		"control":          `{"c":"a\u0007b","n":1,"p":"1.5","d":"2026-01-31","b":true}`,
	} {
		bytes := []byte(good + artefact)
		_, err := LoadTable(tableProduct(bytes), bytes, JSONLines)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if !strings.Contains(err.Error(), "row 2") || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "110105") {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := tableProduct([]byte(good))
	if _, err := LoadTable(p, []byte(good+good), JSONLines); err == nil {
		t.Error("an artefact other than the release was loaded")
	}
	table, err := LoadTable(p, []byte(good), JSONLines)
	if err != nil {
		t.Fatal(err)
	}
	shelf := new(Shelf)
	shelf.Put(table)
	q := &Query{Product: "P", Release: strings.Repeat("0", 64), Limit: 1}
	if _, err := shelf.Lookup(context.Background(), q); !errors.Is(err, ErrNotLoaded) {
		t.Error(err)
	}
	q.Release = p.Release
	for _, cursor := range []string{"AAAA", "AAAAAAAAAAAAAAAA", table.cursor(1), table.cursor(1 << 63), "%"} {
		q.Cursor = cursor
		if _, err := shelf.Lookup(context.Background(), q); !errors.Is(err, ErrCursor) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
	shelf.Remove("P")
	if _, ok := shelf.Release("P"); ok {
		t.Error("still there")
	}
}

func TestProductCheck(t *testing.T) {
	for name, change := range map[string]func(*Product){
		"reserved parameter":     func(p *Product) { p.Params[0].Name = "limit" },
		"parameter twice":        func(p *Product) { p.Params[0].Name = "n" },
		"parameter type":         func(p *Product) { p.Params[0].Type = Integer },
		"range over text":        func(p *Product) { p.Params[0].Op = AtLeast },
		"no column":              func(p *Product) { p.Params[0].Column = "x" },
		"column missing":         func(p *Product) { p.Params[0].Column = "" },
		"pattern":                func(p *Product) { p.Params[0].Pattern = "(" },
		"bound":                  func(p *Product) { p.Params[1].Min = "x" },
		"column twice":           func(p *Product) { p.Columns[0].Name = "n" },
		"column name":            func(p *Product) { p.Columns[0].Name = `a"b` },
		"shown subject":          func(p *Product) { p.Columns[0].Type = SubjectType },
		"page":                   func(p *Product) { p.Paging.Max = maxPage + 1 },
		"subject is no param":    func(p *Product) { p.Named = &Named{Param: "x"} },
		"subject may be missing": func(p *Product) { p.Named = &Named{Param: "c"} },
		"subject is a range":     func(p *Product) { p.Named = &Named{Param: "lo"}; p.Params[2].Required = true },
		"enum":                   func(p *Product) { p.Params[1].Enum = []string{"01"} },
	} {
		p := tableProduct(nil)
		change(p)
		if p.check() == nil {
			t.Errorf("%s: accepted", name)
		}
		if NewFeed(0).Publish(&Snapshot{Products: map[string]*Product{"P": p}}) == nil {
			t.Errorf("%s: published", name)
		}
	}
	if err := tableProduct(nil).check(); err != nil {
		t.Error(err)
	}
}

func FuzzUsage(f *testing.F) {
	u := Usage{Outcome: Charged, At: time.UnixMilli(1), Real: time.UnixMilli(2), Key: "K", Code: "X", Nonce: "n", Count: 1}
	b, _ := u.AppendBinary(nil)
	f.Add(b)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var u Usage
		if u.UnmarshalBinary(b) != nil {
			return
		}
		c, err := u.AppendBinary(nil)
		if err != nil || string(c) != string(b) {
			t.Fatalf("%x becomes %x, %v", b, c, err)
		}
	})
}

func FuzzState(f *testing.F) {
	b := newBook(time.Minute, time.Hour, 10)
	b.apply(&Usage{Outcome: Charged, Order: "O", Period: "P", Key: "K", Nonce: "n", Repeat: "r", Count: 1}, time.Unix(0, 0))
	f.Add(b.encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, in []byte) {
		b := newBook(time.Minute, time.Hour, 10)
		if !b.decode(in) {
			return
		}
		again := newBook(time.Minute, time.Hour, 10)
		if !again.decode(b.encode()) || string(again.encode()) != string(b.encode()) {
			t.Fatal("a book read is not the book written")
		}
	})
}

// The book is the same whether a record came before or after a checkpoint.
func TestStateRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_790_000_000, 0)
		whole, half := newBook(5*time.Minute, 24*time.Hour, 1000), newBook(5*time.Minute, 24*time.Hour, 1000)
		var list []Usage
		for i := range rapid.IntRange(0, 40).Draw(t, "records") {
			at := now.Add(-time.Duration(rapid.IntRange(0, 1000).Draw(t, "age")) * time.Second)
			u := Usage{Outcome: Outcome(rapid.IntRange(1, 4).Draw(t, "outcome")), Real: at, Key: "K", Order: "O", Count: 1,
				Period: fmt.Sprint(i % 3), Nonce: fmt.Sprint("n", i), Signed: at.Unix()}
			if i%2 == 0 {
				u.Repeat = fmt.Sprint("r", i%6)
			}
			list = append(list, u)
		}
		cut := rapid.IntRange(0, len(list)).Draw(t, "checkpoint after")
		for i := range list {
			whole.apply(&list[i], now)
			if i < cut {
				half.apply(&list[i], now)
			}
		}
		rest := newBook(5*time.Minute, 24*time.Hour, 1000)
		if !rest.decode(half.encode()) {
			t.Fatal("unreadable")
		}
		for i := cut; i < len(list); i++ {
			rest.apply(&list[i], now)
		}
		if string(rest.encode()) != string(whole.encode()) {
			t.Fatal("differs")
		}
	})
}

func TestParseValue(t *testing.T) {
	for _, c := range []struct {
		kind     ColumnType
		in, want string // "" for refused
	}{
		{Integer, "007", "7"}, {Integer, "-0", "0"}, {Integer, "+7", "7"}, {Integer, "1e3", ""}, {Integer, "9999999999999999999", ""}, {Integer, "", ""},
		{Decimal, "1.50", "1.5"}, {Decimal, "-0.0", "0"}, {Decimal, "1e3", ""}, {Decimal, "1.23456789012345678901", ""}, {Decimal, "NaN", ""},
		{Date, "2024-02-29", "2024-02-29"}, {Date, "2026-02-29", ""}, {Date, "2026-1-1", ""}, {Date, "0000-01-01", ""},
		{Boolean, "true", "true"}, {Boolean, "1", ""},
		{USCC, "91350100m000100y43", "91350100M000100Y43"}, {USCC, "91370100MA1234567890", ""},
		{IDCard, "11010519491231002x", "11010519491231002X"}, {IDCard, "110105194912310021", ""},
		{String, "朔州", "朔州"}, {String, "a\x00b", ""}, {String, "\xff", ""},
		{SubjectType, strings.Repeat("0a", 16), strings.Repeat("0a", 16)}, {SubjectType, strings.Repeat("0A", 16), ""},
		{"other", "x", ""},
	} {
		v, reason := parseValue(c.kind, c.in)
		switch {
		case reason == "" && (c.want == "" || v.Text() != c.want):
			t.Errorf("%s %q: %q, want %q", c.kind, c.in, v.Text(), c.want)
		case reason != "" && c.want != "":
			t.Errorf("%s %q: %s", c.kind, c.in, reason)
		case reason != "" && c.in != "" && strings.Contains(reason, c.in):
			t.Errorf("%s: the reason quotes the value", c.kind)
		}
	}
}
