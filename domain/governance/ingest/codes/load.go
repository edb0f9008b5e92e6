package codes

import (
	"errors"
	"io"
	"strings"

	"pado/domain/governance/ingest/read"
)

// ErrList: a given list of codes cannot be read as one.
var ErrList = &read.Error{Code: "INGEST_CODES", Clause: "6.2.2", Message: "代码表无法读取：应为带表头的表，含 code 列，可有 name、from、until、successor 列，后继代码须在表内"}

// Load reads a list from rows: a header with code and perhaps name, also
// (several separated by "|"), from, until, successor; other columns are left
// alone.
func Load(title string, rows read.Rows) (*List, error) {
	var r read.Row
	if err := rows.Next(&r); err != nil {
		return nil, ErrList
	}
	at := map[string]int{}
	for i, n := range r.Cells() {
		at[strings.ToLower(strings.TrimSpace(n))] = i
	}
	if _, ok := at["code"]; !ok {
		return nil, ErrList
	}
	var list []Code
	seen := map[string]int{}
	for {
		err := rows.Next(&r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if r.Blank() {
			continue
		}
		cells := r.Cells()
		cell := func(name string) string {
			if i, ok := at[name]; ok && i < len(cells) {
				return strings.TrimSpace(cells[i])
			}
			return ""
		}
		c := Code{Code: cell("code"), Name: cell("name"), From: cell("from"), Until: cell("until"), Successor: cell("successor")}
		if also := cell("also"); also != "" {
			c.Also = strings.Split(also, "|")
		}
		if r.Flaw != read.FlawNone {
			return nil, ErrList
		}
		if x := cell("revoked"); c.Until == "" && (x == "1" || x == "true" || x == "是") {
			c.Until = "0001"
		}
		list = merged(list, seen, c)
	}
	l, err := New(title, list)
	if err != nil {
		return nil, ErrList
	}
	return l, nil
}

func merged(list []Code, seen map[string]int, c Code) []Code {
	i, ok := seen[c.Code]
	if !ok {
		seen[c.Code] = len(list)
		return append(list, c)
	}
	old := list[i]
	if old.Until != "" && c.Until == "" {
		old, c = c, old
	}
	if c.Name != old.Name {
		old.Also = append(old.Also, c.Name)
	}
	old.Also = append(old.Also, c.Also...)
	list[i] = old
	return list
}
