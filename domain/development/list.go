// Package development holds what a product grows from: the product list (产品清单), application
// scenarios (应用场景) and granted demands (数据需求). See README.md.
package development

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"pado/core/audit"
	"pado/core/canon"
	"pado/core/procedure"
	"pado/core/store"
)

// Source of a product of the list: one catalogue item with the information items it may use.
type Source struct {
	Item   string   `json:"item"`
	Fields []string `json:"fields"`
}

// ListItem is one product of the list (拟提供的数据产品): what it is to be, what for, from what.
type ListItem struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Form    string   `json:"form"` // api, model, report
	Purpose string   `json:"purpose"`
	Summary string   `json:"summary"`
	Class   string   `json:"class"` // public_benefit, industry
	Items   []Source `json:"items"`
}

// The values of Form and Class with their Chinese names.
var (
	Forms   = []procedure.Option{{Value: "api", Label: "数据接口"}, {Value: "model", Label: "模型调用"}, {Value: "report", Label: "数据报告"}}
	Classes = []procedure.Option{{Value: "public_benefit", Label: "公共治理、公益事业"}, {Value: "industry", Label: "产业发展、行业发展"}}
)

// List is a version of the product list.
type List struct {
	ID, Agreement, Title, Division, OperatorOrg, Items, Changes, Digest, DocNo, State, CaseNo string
	Version                                                                                   int
	Recorded                                                                                  store.Time
}

const listColumns = `id, agreement, version, title, division, operator_org, items, changes, digest, doc_no, state, case_no, recorded`

// ReadItems decodes the snapshot.
func (l List) ReadItems() (out []ListItem, err error) {
	if err = json.Unmarshal([]byte(l.Items), &out); err != nil {
		return nil, fmt.Errorf("read list %s: %w", l.ID, err)
	}
	return out, nil
}

// ListChange is one product that a version adds, alters or drops.
type ListChange struct {
	Act    string `json:"act"` // add, change, remove
	ID     string `json:"id"`
	Name   string `json:"name"`
	Detail string `json:"detail"` // the fields that differ, in Chinese
}

// CurrentList is the list of an agreement in force; store.ErrNotFound before the first.
func CurrentList(r *store.ReadTx, agreement string) (l List, err error) {
	return l, r.Get(&l, `SELECT `+listColumns+` FROM product_list WHERE agreement = $1 AND state <> 'superseded'`, agreement)
}

// ListByID reads a version.
func ListByID(r *store.ReadTx, id string) (l List, err error) {
	return l, r.Get(&l, `SELECT `+listColumns+` FROM product_list WHERE id = $1`, id)
}

// Compare tells what a new snapshot changes (clause 9.3), in the order of the new one, removals last.
func Compare(before, after []ListItem) []ListChange {
	old := map[string]ListItem{}
	for _, it := range before {
		old[it.ID] = it
	}
	out := []ListChange{}
	for _, it := range after {
		b, ok := old[it.ID]
		delete(old, it.ID)
		switch detail := differs(b, it); {
		case !ok:
			out = append(out, ListChange{"add", it.ID, it.Name, ""})
		case detail != "":
			out = append(out, ListChange{"change", it.ID, it.Name, detail})
		}
	}
	for _, it := range before {
		if _, ok := old[it.ID]; ok {
			out = append(out, ListChange{"remove", it.ID, it.Name, ""})
		}
	}
	return out
}

func differs(a, b ListItem) string {
	out := ""
	for _, d := range []struct {
		same  bool
		label string
	}{{a.Name == b.Name, "名称"}, {a.Form == b.Form, "形态"}, {a.Purpose == b.Purpose, "用途"}, {a.Summary == b.Summary, "说明"},
		{a.Class == b.Class, "类别"}, {reflect.DeepEqual(a.Items, b.Items), "数据范围"}} {
		if !d.same {
			if out != "" {
				out += "、"
			}
			out += d.label
		}
	}
	return out
}

// Filing is a version about to be recorded.
type Filing struct {
	Agreement, Title, Division, OperatorOrg string
	Items                                   []ListItem // ID empty = new
	DocNo, CaseNo, By                       string
}

// Record puts a version in force (clauses 9.1, 9.3): the one before is superseded, products not on
// it any more are removed. It returns the version, its products with their ids and the ids removed.
// store.ErrConflict when another version came meanwhile. Crash state: all or nothing.
func Record(w *store.Tx, f Filing) (List, []ListItem, []string, error) {
	if err := w.Lock("agreement", "id", f.Agreement); err != nil {
		return List{}, nil, nil, err
	}
	before, err := CurrentList(&w.ReadTx, f.Agreement)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return List{}, nil, nil, err
	}
	var old []ListItem
	if before.ID != "" {
		if old, err = before.ReadItems(); err != nil {
			return List{}, nil, nil, err
		}
		if err := w.ExecOne(`UPDATE product_list SET state = 'superseded' WHERE id = $1 AND state <> 'superseded'`, before.ID); err != nil {
			return List{}, nil, nil, err
		}
	}
	known := map[string]bool{}
	for _, it := range old {
		known[it.ID] = true
	}
	items := append([]ListItem(nil), f.Items...)
	for i := range items {
		if items[i].ID == "" {
			n, err := w.Next("product_list_item")
			if err != nil {
				return List{}, nil, nil, err
			}
			items[i].ID = fmt.Sprintf("pl-%05d", n)
		} else if !known[items[i].ID] {
			return List{}, nil, nil, fmt.Errorf("list item %s: %w", items[i].ID, store.ErrNotFound)
		}
	}
	n, err := w.Next("product_list")
	if err != nil {
		return List{}, nil, nil, err
	}
	snapshot, err := json.Marshal(items)
	if err != nil {
		return List{}, nil, nil, err
	}
	changes := Compare(old, items)
	diff, err := json.Marshal(changes)
	if err != nil {
		return List{}, nil, nil, err
	}
	l := List{ID: fmt.Sprintf("ls-%05d", n), Agreement: f.Agreement, Version: before.Version + 1, Title: f.Title, Division: f.Division,
		OperatorOrg: f.OperatorOrg, Items: string(snapshot), Changes: string(diff), Digest: canon.Digest(snapshot), DocNo: f.DocNo,
		State: "recorded", CaseNo: f.CaseNo, Recorded: store.At(w.Now())}
	if _, err := w.Exec(`INSERT INTO product_list (`+listColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)`, l.ID, l.Agreement, l.Version,
		l.Title, l.Division, l.OperatorOrg, l.Items, l.Changes, l.Digest, l.DocNo, l.State, l.CaseNo, l.Recorded); err != nil {
		return l, nil, nil, err
	}
	var removed []string
	for _, c := range changes {
		if c.Act == "remove" {
			removed = append(removed, c.ID)
			if err := w.ExecOne(`UPDATE product_list_item SET state = 'removed' WHERE id = $1`, c.ID); err != nil {
				return l, nil, nil, err
			}
		}
	}
	for _, it := range items {
		src, err := json.Marshal(it.Items)
		if err != nil {
			return l, nil, nil, err
		}
		if _, err := w.Exec(`INSERT INTO product_list_item (id, list, agreement, operator_org, name, form, purpose, summary, class, items, state, since)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,'listed',$11) ON CONFLICT (id) DO UPDATE SET list = excluded.list, name = excluded.name,
			form = excluded.form, purpose = excluded.purpose, summary = excluded.summary, class = excluded.class, items = excluded.items, state = 'listed'`,
			it.ID, l.ID, l.Agreement, l.OperatorOrg, it.Name, it.Form, it.Purpose, it.Summary, it.Class, string(src), l.Recorded); err != nil {
			return l, nil, nil, err
		}
	}
	w.Record(audit.Entry{Type: "productlist.record", Actor: f.By, Object: l.ID, Version: int64(l.Version), Action: "record", To: "recorded", Clause: "9.1",
		Detail: map[string]string{"case": f.CaseNo, "digest": l.Digest, "items": fmt.Sprint(len(items)), "removed": fmt.Sprint(len(removed))}})
	return l, items, removed, nil
}

// Correcting marks the list in force as one the Authority ordered corrected (责令更正).
func Correcting(w *store.Tx, agreement string) error {
	return w.ExecOne(`UPDATE product_list SET state = 'correcting' WHERE agreement = $1 AND state = 'recorded'`, agreement)
}

// ItemByID reads a product of the list as it stands; store.ErrNotFound also for one removed.
func ItemByID(r *store.ReadTx, id string) (it ListItem, agreement, operator string, err error) {
	var row struct{ ID, Agreement, OperatorOrg, Name, Form, Purpose, Summary, Class, Items string }
	if err = r.Get(&row, `SELECT id, agreement, operator_org, name, form, purpose, summary, class, items FROM product_list_item WHERE id = $1 AND state = 'listed'`, id); err != nil {
		return it, "", "", err
	}
	it = ListItem{ID: row.ID, Name: row.Name, Form: row.Form, Purpose: row.Purpose, Summary: row.Summary, Class: row.Class}
	if err = json.Unmarshal([]byte(row.Items), &it.Items); err != nil {
		return it, "", "", fmt.Errorf("read list item %s: %w", id, err)
	}
	return it, row.Agreement, row.OperatorOrg, nil
}

// Scope is what a source states of one catalogue item in a round (clause 9.1).
type Scope struct {
	CaseNo, Round, SourceOrg, Item, Fields, ConditionText, Person string
	At                                                            store.Time
}

const scopeColumns = `case_no, round, source_org, item, fields, condition_text, person, at`

// State keeps what a source states; a later statement of the same item in the same round replaces it.
func (s Scope) State(w *store.Tx) error {
	if _, err := w.Exec(`DELETE FROM list_scope WHERE round = $1 AND item = $2`, s.Round, s.Item); err != nil {
		return err
	}
	_, err := w.Exec(`INSERT INTO list_scope (`+scopeColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)`, s.CaseNo, s.Round, s.SourceOrg, s.Item, s.Fields,
		s.ConditionText, s.Person, store.At(w.Now()))
	return err
}

// Scopes are the statements of a round.
func Scopes(r *store.ReadTx, round string) (out []Scope, err error) {
	return out, r.Select(&out, `SELECT `+scopeColumns+` FROM list_scope WHERE round = $1 ORDER BY item`, round)
}

// Covers tells whether the newest statement of a source allows a field of its item.
func (s Scope) Covers(field string) (bool, error) {
	var fields []string
	if err := json.Unmarshal([]byte(s.Fields), &fields); err != nil {
		return false, fmt.Errorf("read the scope of %s: %w", s.Item, err)
	}
	for _, f := range fields {
		if f == field || f == "*" {
			return true, nil
		}
	}
	return false, nil
}

// StandingScope is the newest statement about an item in any round; store.ErrNotFound when a
// source never made one.
func StandingScope(r *store.ReadTx, item string) (s Scope, err error) {
	return s, r.Get(&s, `SELECT `+scopeColumns+` FROM list_scope WHERE item = $1 ORDER BY at DESC, case_no DESC LIMIT 1`, item)
}

// Suggestion is a developer's suggestion to a round (clause 9.1).
type Suggestion struct {
	CaseNo, Round, Org, OrgName, Suggestion, Answer string
	Adopted                                         *bool
	At                                              store.Time
}

// Suggest keeps a suggestion.
func Suggest(w *store.Tx, caseNo, round, org, text string) error {
	_, err := w.Exec(`INSERT INTO list_suggestion (case_no, round, org, suggestion, at) VALUES ($1,$2,$3,$4,$5)
		ON CONFLICT (case_no) DO UPDATE SET suggestion = excluded.suggestion`, caseNo, round, org, text, store.At(w.Now()))
	return err
}

// Unsuggest takes back a suggestion that has not been answered.
func Unsuggest(w *store.Tx, caseNo string) error {
	return w.ExecOne(`DELETE FROM list_suggestion WHERE case_no = $1 AND adopted IS NULL`, caseNo)
}

// Answer keeps the operator's answer to a suggestion.
func Answer(w *store.Tx, caseNo string, adopted bool, answer string) error {
	return w.ExecOne(`UPDATE list_suggestion SET adopted = $1, answer = $2 WHERE case_no = $3`, adopted, answer, caseNo)
}

// Suggestions of a round in the order they came.
func Suggestions(r *store.ReadTx, round string) (out []Suggestion, err error) {
	return out, r.Select(&out, `SELECT s.case_no, s.round, s.org, COALESCE(o.name, s.org) AS org_name, s.suggestion, s.answer, s.adopted, s.at
		FROM list_suggestion s LEFT JOIN org o ON o.id = s.org WHERE s.round = $1 ORDER BY s.at, s.case_no`, round)
}
