package party

import (
	"encoding/json"
	"fmt"

	"pado/core/audit"
	"pado/core/canon"
	"pado/core/procedure"
	"pado/core/store"
)

// caseRow is what a hand-over needs of a case.
type caseRow struct {
	No, State, Title, Procedure, Form, Org, OwesOrg string
	Owes                                            procedure.Role
	Revision                                        int64
}

// handOverOpen moves the open cases that the person was handling at the desk.
func handOverOpen(w *store.Tx, e Ending) (int, error) {
	var cases []caseRow
	if err := w.Select(&cases, `SELECT no, state, title, procedure, form, org, owes_org, owes, revision FROM case_file
		WHERE turn = $1 ORDER BY no`, e.Org+"/"+string(e.Role)+"@"+e.Person); err != nil {
		return 0, err
	}
	for _, c := range cases {
		say := txtHandBack
		if e.Successor != "" {
			var name string
			if err := w.Get(&name, `SELECT name FROM person WHERE id = $1`, e.Successor); err != nil {
				return 0, err
			}
			say = fmt.Sprintf(txtHandTo, name)
		}
		if err := w.ExecOne(`UPDATE case_file SET handler = $1, revision = revision + 1, updated = $2,
			turn = owes_org || '/' || owes || CASE WHEN $1 = '' THEN '' ELSE '@' || $1 END WHERE no = $3 AND revision = $4`,
			e.Successor, store.At(w.Now()), c.No, c.Revision); err != nil {
			return 0, err
		}
		n, err := handOverEvent(w, e, c, say)
		if err != nil {
			return 0, err
		}
		if err := tellHandover(w, e, c, say, n); err != nil {
			return 0, err
		}
	}
	return len(cases), nil
}

// handOverEvent writes the event of a case that changed hands and records its entry.
func handOverEvent(w *store.Tx, e Ending, c caseRow, say string) (int, error) {
	var last int
	if err := w.Get(&last, `SELECT COALESCE(MAX(n), 0) FROM case_event WHERE case_no = $1`, c.No); err != nil {
		return 0, err
	}
	n := last + 1
	if _, err := w.Exec(`INSERT INTO case_event (case_no, n, at, person, person_name, org, org_name, role, behalf, action, label,
		from_state, to_state, opinion, clause, changed, persons, elapsed, doc_no, form_digest, revision)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,'',$9,$10,$11,$11,$12,$13,'[]',$4,0,'',$14,$15)`,
		c.No, n, store.At(w.Now()), e.By, e.ByName, e.Org, e.ByOrgName, string(e.ByRole), "handover", txtHandover, c.State, say,
		e.Clause, canon.Digest([]byte(c.Form)), c.Revision+1); err != nil {
		return 0, err
	}
	w.Record(audit.Entry{Type: "case.handover", Actor: e.By, Org: e.Org, Object: c.No, Version: c.Revision + 1, Action: "handover",
		From: c.State, To: c.State, Clause: e.Clause, Result: audit.Done,
		Detail: map[string]string{"n": fmt.Sprint(n), "procedure": c.Procedure, "leaving": e.Person, "successor": e.Successor}})
	return n, nil
}

// tellHandover tells the successor, or everybody at the desk, that a case is theirs now.
func tellHandover(w *store.Tx, e Ending, c caseRow, say string, n int) error {
	quiet, err := quietHours(&w.ReadTx)
	if err != nil {
		return err
	}
	who := []string{e.Successor}
	if e.Successor == "" {
		if who, err = onDesk(&w.ReadTx, e.Org, e.Role, "", today(w)); err != nil {
			return err
		}
	}
	word := map[string]string{"no": c.No, "title": c.Title, "by": e.ByOrgName + e.ByName, "say": say}
	for _, p := range who {
		l := letter{tpl: tplHandover, key: fmt.Sprintf("%s/%s/%d/%s", tplHandover.id, c.No, n, p), person: p, caseNo: c.No, word: word}
		if err := l.write(w, quiet); err != nil {
			return err
		}
	}
	return nil
}

// handOverStarted makes the successor, or who ends the desk, or a lead that remains answer for
// the cases the person started for the organisation; who had started them stays in their history.
func handOverStarted(w *store.Tx, e Ending, leads []string) (int, error) {
	heir := e.Successor
	if heir == "" {
		heir = e.By
	}
	if heir == e.Person {
		if heir = ""; len(leads) > 0 {
			heir = leads[0]
		}
	}
	if heir == "" || heir == e.Person {
		return 0, nil
	}
	n, err := w.Exec(`UPDATE case_file SET person = $1 WHERE org = $2 AND role = $3 AND person = $4`, heir, e.Org, string(e.Role), e.Person)
	return int(n), err
}

// handOverStations moves the stations of inner chains that waited for the person by name: to
// the successor, or away, since nobody else was asked.
func handOverStations(w *store.Tx, e Ending) (int, error) {
	var rows []struct{ CaseNo, Stages string }
	if err := w.Select(&rows, `SELECT case_no, stages FROM case_chain WHERE org = $1 ORDER BY case_no`, e.Org); err != nil {
		return 0, err
	}
	moved := 0
	for _, row := range rows {
		var stages, kept []procedure.Stage
		if err := json.Unmarshal([]byte(row.Stages), &stages); err != nil {
			return 0, fmt.Errorf("read the inner chain of %s: %w", row.CaseNo, err)
		}
		changed := false
		for _, s := range stages {
			if s.By == "" && s.Person == e.Person {
				changed = true
				moved++
				if e.Successor == "" {
					continue
				}
				s.Person = e.Successor
			}
			kept = append(kept, s)
		}
		if !changed {
			continue
		}
		b, err := json.Marshal(kept)
		if err != nil {
			return 0, err
		}
		if err := w.ExecOne(`UPDATE case_chain SET stages = $1 WHERE case_no = $2`, string(b), row.CaseNo); err != nil {
			return 0, err
		}
	}
	return moved, nil
}
