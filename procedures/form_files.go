package procedures

import (
	"encoding/json"
	"errors"
	"fmt"

	"pado/core/procedure"
	"pado/core/store"
	"pado/plan"
)

// formFiles reads the attachment ids that the form's file fields name.
func formFiles(c *procedure.Ctx, fields []string) (map[string]string, error) {
	var form map[string]json.RawMessage
	if err := json.Unmarshal([]byte(c.Case.Form), &form); err != nil {
		return nil, fmt.Errorf("read the form of %s: %w", c.Case.No, err)
	}
	out := map[string]string{}
	for _, f := range fields {
		var id string
		if raw, ok := form[f]; ok {
			if err := json.Unmarshal(raw, &id); err != nil {
				return nil, fmt.Errorf("read %s of %s: %w", f, c.Case.No, err)
			}
		}
		if id != "" {
			out[f] = id
		}
	}
	return out, nil
}

// filesThere demands that every file a form names was uploaded by the actor and is not part of
// another case.
func filesThere(clause plan.Clause, fields ...string) procedure.Rule {
	return procedure.Rule{Code: "form.file", Say: "所附文件不存在或已用于其他事项，请重新上传", Plan: clause, Holds: func(c *procedure.Ctx) error {
		ids, err := formFiles(c, fields)
		if err != nil {
			return err
		}
		for _, id := range ids {
			var a struct{ CaseNo, Person string }
			err := c.Get(&a, `SELECT case_no, person FROM attachment WHERE id = $1`, id)
			if errors.Is(err, store.ErrNotFound) {
				return procedure.ErrFails
			}
			if err != nil {
				return err
			}
			if a.CaseNo != c.Case.No && (a.CaseNo != "" || a.Person != c.Actor.Person) {
				return procedure.ErrFails
			}
		}
		return nil
	}}
}

// bindFiles makes the files a form names part of the case, so that its parties can open them.
func bindFiles(clause plan.Clause, fields ...string) procedure.Effect {
	return procedure.Effect{Name: "bind_files", Plan: clause, Undo: procedure.Harmless, Run: func(c *procedure.Ctx) error {
		ids, err := formFiles(c, fields)
		if err != nil {
			return err
		}
		for _, f := range fields {
			if id := ids[f]; id != "" {
				if _, err := c.W.Exec(`UPDATE attachment SET case_no = $1, event_n = (SELECT MAX(n) FROM case_event WHERE case_no = $1)
					WHERE id = $2 AND case_no = '' AND person = $3`, c.Case.No, id, c.Actor.Person); err != nil {
					return err
				}
			}
		}
		return nil
	}}
}
