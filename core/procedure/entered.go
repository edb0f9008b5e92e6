package procedure

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pado/core/store"
)

const masked = "（已隐去）"

// kept is what the history keeps of an act's own fields: everything but secrets, of which it keeps
// that they were given.
func kept(fields []Field, input string) string {
	var values map[string]any
	if json.Unmarshal([]byte(input), &values) != nil || len(values) == 0 {
		return "{}"
	}
	hide(fields, values)
	return jsonText(values)
}

func hide(fields []Field, values map[string]any) {
	for _, f := range fields {
		v, ok := values[f.Name]
		if ok && f.Secret {
			values[f.Name] = masked
			continue
		}
		rows, _ := v.([]any)
		for _, row := range rows {
			if cells, ok := row.(map[string]any); ok {
				hide(f.Rows, cells)
			}
		}
	}
}

// named are the fields with the names of the records that the values point to, in Named.
func (e *Engine) named(r *store.ReadTx, c *Case, fields []Field, values map[string]any) ([]Field, error) {
	if e.opt.Names == nil || len(values) == 0 {
		return fields, nil
	}
	out := slices.Clone(fields)
	for i := range out {
		f := &out[i]
		list, ok := values[f.Name].([]any)
		if one, single := values[f.Name].(string); single {
			list, ok = []any{one}, true
		}
		if !ok || f.Source == "" && f.Kind != Table {
			continue
		}
		for _, x := range list {
			if row, ok := x.(map[string]any); ok {
				rows, err := e.named(r, c, f.Rows, row)
				if err != nil {
					return nil, err
				}
				f.Rows = rows // with the names of the rows before
				continue
			}
			key, ok := x.(string)
			if !ok || slices.ContainsFunc(f.Named, func(o Option) bool { return o.Value == key }) {
				continue
			}
			name, err := e.opt.Names(r, c, f.Source, key)
			if err != nil {
				return nil, fmt.Errorf("name %s of %s: %w", f.Name, f.Source, err)
			}
			if name != "" {
				f.Named = append(f.Named[:len(f.Named):len(f.Named)], Option{key, name})
			}
		}
	}
	return out, nil
}

// names fills in what the fields of a view are read by.
func (v *CaseView) names(e *Engine, r *store.ReadTx) (err error) {
	values := func(text string) (m map[string]any) {
		if json.Unmarshal([]byte(text), &m) != nil {
			return nil
		}
		return m
	}
	if v.Fields, err = e.named(r, v.Case, v.Procedure.Form.Fields, values(v.Case.Form)); err != nil {
		return err
	}
	for i := range v.Events {
		ev := &v.Events[i]
		if ev.Input == "{}" {
			continue
		}
		if ev.Asked, err = e.named(r, v.Case, v.Procedure.Asked(*ev), values(ev.Input)); err != nil {
			return err
		}
	}
	return nil
}

// Asked are the fields that the act of an event asked for, as they are declared now: the history
// shows what was entered by them.
func (p *Procedure) Asked(ev Event) []Field {
	if c, ok := commonActs[ev.Action]; ok {
		return c.fields
	}
	switch ev.Action {
	case "chain_add":
		return addFields
	case "chain_submit":
		for i := range p.Steps {
			if s := &p.Steps[i]; has(s.From, ev.FromState) && s.Label == strings.TrimPrefix(ev.Label, drafted) {
				return s.inputs()
			}
		}
	}
	if s, ok := p.Step(ev.Action, ev.FromState); ok {
		return s.inputs()
	}
	return nil
}

// again compares what an act asked for with what was entered at the same act before the case was
// returned (退回), so that the history marks the difference.
func (t *txn) again() ([]Change, error) {
	if t.input == "" || t.input == "{}" {
		return nil, nil
	}
	var past []Event
	if err := t.Select(&past, `SELECT action, from_state, input FROM case_event WHERE case_no = $1 ORDER BY n DESC`, t.Case.No); err != nil {
		return nil, err
	}
	returned := false
	for _, ev := range past {
		if ev.Action == t.event.Action {
			if !returned {
				return nil, nil
			}
			out := difference(t.p.Asked(t.event), ev.Input, t.input)
			for i := range out {
				out[i].Field = "input." + out[i].Field
			}
			return out, nil
		}
		if s, ok := t.p.Step(ev.Action, ev.FromState); ok && s.Return {
			returned = true
		}
	}
	return nil, nil
}
