package sandbox

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pado/core/store"
	"pado/domain/fielduse"
	"pado/domain/sandbox/guard/policy"
)

var identifier = regexp.MustCompile(`"([^"]+)"|[\p{L}_][\p{L}\p{N}_]*`)

// used reads off the SQL that the guard compiled which information items a question touches, by
// catalogue item. A column that two tables of the question share counts for both. A table of which
// nothing but its rows is counted is there with fielduse.Rows.
func used(r *store.ReadTx, p Project, tables []Table, sql []string) (map[string][]string, error) {
	doc, err := p.readPolicy()
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	for _, s := range sql {
		for _, m := range identifier.FindAllStringSubmatch(s, -1) {
			named[strings.ToLower(m[0])] = true
			if m[1] != "" {
				named[strings.ToLower(m[1])] = true
			}
		}
	}
	out := map[string][]string{}
	for _, t := range tables {
		var granted []string
		if err := json.Unmarshal([]byte(t.Fields), &granted); err != nil {
			return nil, fmt.Errorf("read the fields of %s: %w", t.Name, err)
		}
		var cat []catalogued
		if err := r.Select(&cat, `SELECT name, label, personal, sensitive, authorisable FROM catalogue_field WHERE item = $1`, t.Item); err != nil {
			return nil, err
		}
		fields := out[t.Item]
		if pt := doc.Tables[t.Name]; pt != nil {
			for name, c := range pt.Columns {
				if c.Label == policy.Unit || !named[strings.ToLower(name)] {
					continue
				}
				f, _ := field(cat, column{Name: name, Title: c.Title})
				if n := nameOf(f, column{Name: name}); slices.Contains(granted, n) && !slices.Contains(fields, n) {
					fields = append(fields, n)
				}
			}
		}
		if len(fields) == 0 {
			fields = []string{fielduse.Rows}
		} else if len(fields) > 1 {
			fields = slices.DeleteFunc(fields, func(s string) bool { return s == fielduse.Rows })
		}
		slices.Sort(fields)
		out[t.Item] = fields
	}
	return out, nil
}
