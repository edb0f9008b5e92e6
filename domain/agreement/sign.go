package agreement

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/id"
	"pado/core/store"
)

// Draft is an agreement about to be signed: everything but what signing itself fixes.
type Draft struct {
	Title                     string
	Mandate, Scheme           string
	AuthorityOrg, OperatorOrg string
	Division, Mode            string
	PerMode                   bool // parameter agreement.unique_per
	Signed                    calendar.Date
	LastInclusive             bool // parameter agreement.end_rule: the anniversary itself is the last day
	Sections                  map[string]string
	Terms                     Terms // Terms.Years is the term
	Items                     []Item
	PlanDigest                string
	ApprovalNo, Evidence      string
	Backfill                  bool
	CaseNo                    string
	By                        string
}

// LastDay is the last day of a term of years from the signing date (clauses 5.2, 8.1). By the
// default rule the signing day counts and the term ends the day before the anniversary; with
// lastInclusive it ends on the anniversary.
func LastDay(signed calendar.Date, years int, lastInclusive bool) calendar.Date {
	if lastInclusive {
		return signed.AddYears(years)
	}
	return calendar.Term(signed, years)
}

// Digest binds the text, the terms and the authorised catalogue of a draft.
func (d Draft) Digest() (string, error) {
	terms, err := json.Marshal(d.Terms)
	if err != nil {
		return "", err
	}
	parts := map[string]string{"title": d.Title, "authority": d.AuthorityOrg, "operator": d.OperatorOrg, "mandate": d.Mandate,
		"scheme": d.Scheme, "plan": d.PlanDigest, "mode": d.Mode, "terms": string(terms)}
	for _, s := range Sections {
		parts["section."+s.Key] = d.Sections[s.Key]
	}
	for _, it := range d.Items {
		parts["item."+it.Item] = fmt.Sprint(fieldsOf(it.Fields), it.Ends.String())
	}
	return digestOf(parts)
}

// Sign brings the agreement into force (clause 6.1.4): both parties have signed on Signed. It
// first closes agreements that have run out, so that their slots and items are free. The result
// is in force, or closed as expired when an old agreement is entered afterwards.
//
// store.ErrConflict: the slot or one of the items is taken (the partial unique indexes decide,
// also between two racing transactions). Crash state: all or nothing.
func Sign(w *store.Tx, d Draft) (Agreement, error) {
	today := calendar.DateOf(w.Now())
	if err := closeExpired(w, today, d.By); err != nil {
		return Agreement{}, err
	}
	n, err := w.Next("agreement")
	if err != nil {
		return Agreement{}, err
	}
	yearly, err := w.Next(fmt.Sprintf("agreement/%d", d.Signed.Y))
	if err != nil {
		return Agreement{}, err
	}
	no, err := id.CaseNo("SQXY", d.Signed.Y, yearly)
	if err != nil {
		return Agreement{}, err
	}
	sections, err := json.Marshal(d.Sections)
	if err != nil {
		return Agreement{}, err
	}
	terms, err := json.Marshal(d.Terms)
	if err != nil {
		return Agreement{}, err
	}
	a := Agreement{ID: fmt.Sprintf("ag-%05d", n), No: no, Title: d.Title, Mandate: d.Mandate, Scheme: d.Scheme, AuthorityOrg: d.AuthorityOrg,
		OperatorOrg: d.OperatorOrg, Division: d.Division, Mode: d.Mode, Slot: Slot(d.Division, d.Mode, d.PerMode), Version: 1, Signed: d.Signed,
		Ends: LastDay(d.Signed, d.Terms.Years, d.LastInclusive), State: "in_force", Sections: string(sections), Terms: string(terms), PlanDigest: d.PlanDigest,
		ApprovalNo: d.ApprovalNo, Evidence: d.Evidence, Backfill: d.Backfill, CaseNo: d.CaseNo, Created: store.At(w.Now())}
	if a.Digest, err = d.Digest(); err != nil {
		return a, err
	}
	state := "active"
	if today.After(a.Ends) {
		a.State, a.Ended, a.EndReason, state = "ended", a.Ends, ReasonExpired, "removed"
	}
	if _, err := w.Exec(`INSERT INTO agreement (`+agreementColumns+`) VALUES
		($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25)`,
		a.ID, a.No, a.Title, a.Mandate, a.Scheme, a.AuthorityOrg, a.OperatorOrg, a.Division, a.Mode, a.Slot, a.Version, a.Signed, a.Ends, a.State,
		a.Ended, a.EndReason, a.Sections, a.Terms, a.PlanDigest, a.Digest, a.ApprovalNo, a.Evidence, a.Backfill, a.CaseNo, a.Created); err != nil {
		return a, err
	}
	for _, it := range d.Items {
		if err := addItem(w, a, it, state, d.Signed, d.CaseNo); err != nil {
			return a, err
		}
	}
	if err := addVersion(w, a, d.CaseNo, Scope{Add: d.Items}); err != nil {
		return a, err
	}
	w.Record(audit.Entry{Type: "agreement.sign", Actor: d.By, Org: d.AuthorityOrg, Object: a.ID, Version: 1, Action: "sign", To: a.State, Clause: "6.1.4", Result: audit.Done,
		Detail: map[string]string{"case": a.CaseNo, "digest": a.Digest, "signed": a.Signed.String(), "ends": a.Ends.String(), "items": fmt.Sprint(len(d.Items)), "backfill": fmt.Sprint(a.Backfill)}})
	return a, nil
}

func fieldsOf(fields []string) []string {
	if len(fields) == 0 {
		return []string{AllFields}
	}
	out := append([]string(nil), fields...)
	sort.Strings(out)
	return out
}

func addItem(w *store.Tx, a Agreement, it Item, state string, since calendar.Date, caseNo string) error {
	ends := a.Ends
	if !it.Ends.IsZero() && it.Ends.Before(ends) {
		ends = it.Ends
	}
	fields, err := json.Marshal(fieldsOf(it.Fields))
	if err != nil {
		return err
	}
	_, err = w.Exec(`INSERT INTO agreement_item (agreement, item, fields, since, ends, state, case_no) VALUES ($1,$2,$3,$4,$5,$6,$7)
		ON CONFLICT (agreement, item) DO UPDATE SET fields = excluded.fields, since = excluded.since, ends = excluded.ends, state = excluded.state, case_no = excluded.case_no`,
		a.ID, it.Item, string(fields), since, ends, state, caseNo)
	return err
}

// closeExpired closes what has run out by a day, so that its slot and items are free.
func closeExpired(w *store.Tx, today calendar.Date, by string) error {
	var over []struct{ ID, State string }
	if err := w.Select(&over, `SELECT id, state FROM agreement WHERE state <> 'ended' AND ends < $1`, today.String()); err != nil {
		return err
	}
	for _, a := range over {
		if err := w.ExecOne(`UPDATE agreement SET state = 'ended', ended = ends, end_reason = $1 WHERE id = $2 AND state = $3`, ReasonExpired, a.ID, a.State); err != nil {
			return err
		}
		if _, err := w.Exec(`UPDATE agreement_item SET state = 'removed' WHERE agreement = $1 AND state = 'active'`, a.ID); err != nil {
			return err
		}
		w.Record(audit.Entry{Type: "agreement.close", Actor: by, Object: a.ID, Action: "expire", From: a.State, To: "ended", Clause: "8.1", Result: audit.Done})
	}
	return nil
}

// Scope is a change of the authorised catalogue and of the purposes (clause 6.1.5).
type Scope struct {
	Add      []Item   `json:"add"`
	Remove   []string `json:"remove"`
	Purposes []string `json:"purposes"` // added to those there are
}

// ChangeScope adds and removes items, and adds purposes, of an agreement in force as its next version. The
// agreement's row is locked. store.ErrConflict: an item is under another agreement, or is not
// there to be removed, or the agreement is not in force.
func ChangeScope(w *store.Tx, agreement string, s Scope, caseNo, by string) (Agreement, error) {
	if err := w.Lock("agreement", "id", agreement); err != nil {
		return Agreement{}, err
	}
	a, err := ByID(&w.ReadTx, agreement)
	if err != nil {
		return a, err
	}
	today := calendar.DateOf(w.Now())
	if a.Status(today) != InForce {
		return a, fmt.Errorf("change the scope of %s, which is %s: %w", a.ID, a.Status(today), store.ErrConflict)
	}
	for _, item := range s.Remove {
		if err := w.ExecOne(`UPDATE agreement_item SET state = 'removed', ends = $1, case_no = $2 WHERE agreement = $3 AND item = $4 AND state = 'active'`,
			today, caseNo, a.ID, item); err != nil {
			return a, err
		}
	}
	for _, it := range s.Add {
		if err := addItem(w, a, it, "active", today, caseNo); err != nil {
			return a, err
		}
	}
	if len(s.Purposes) > 0 {
		t, err := a.ReadTerms()
		if err != nil {
			return a, err
		}
		for _, p := range s.Purposes {
			if !slices.Contains(t.Purposes, p) {
				t.Purposes = append(t.Purposes, p)
			}
		}
		b, err := json.Marshal(t)
		if err != nil {
			return a, err
		}
		a.Terms = string(b)
	}
	a.Version++
	if err := w.ExecOne(`UPDATE agreement SET version = $1, terms = $2 WHERE id = $3 AND version = $4`, a.Version, a.Terms, a.ID, a.Version-1); err != nil {
		return a, err
	}
	if err := addVersion(w, a, caseNo, s); err != nil {
		return a, err
	}
	w.Record(audit.Entry{Type: "agreement.scope", Actor: by, Org: a.AuthorityOrg, Object: a.ID, Version: int64(a.Version), Action: "change_scope", Clause: "6.1.5",
		Result: audit.Done, Detail: map[string]string{"case": caseNo, "add": fmt.Sprint(len(s.Add)), "remove": fmt.Sprint(len(s.Remove))}})
	return a, nil
}

func addVersion(w *store.Tx, a Agreement, caseNo string, s Scope) error {
	changes, err := json.Marshal(s)
	if err != nil {
		return err
	}
	digest, err := digestOf(map[string]string{"agreement": a.Digest, "version": fmt.Sprint(a.Version), "changes": string(changes)})
	if err != nil {
		return err
	}
	_, err = w.Exec(`INSERT INTO agreement_version (agreement, version, at, case_no, changes, digest) VALUES ($1,$2,$3,$4,$5,$6)`,
		a.ID, a.Version, store.At(w.Now()), caseNo, string(changes), digest)
	return err
}

// Suspend stops an agreement in force (暂停, clause 10.7.3); Resume brings it back; End ends it
// for good with a reason. Each is a compare-and-set: store.ErrConflict when it is not in the
// state it must come from. The caller tells permit.Touch, so that the gateway hears of it.
func Suspend(w *store.Tx, agreement, caseNo, by string) error {
	return setState(w, agreement, "in_force", "suspended", "suspend", caseNo, by)
}

// Resume is the inverse of Suspend.
func Resume(w *store.Tx, agreement, caseNo, by string) error {
	return setState(w, agreement, "suspended", "in_force", "resume", caseNo, by)
}

func setState(w *store.Tx, agreement, from, to, action, caseNo, by string) error {
	if err := w.ExecOne(`UPDATE agreement SET state = $1 WHERE id = $2 AND state = $3`, to, agreement, from); err != nil {
		return err
	}
	w.Record(audit.Entry{Type: "agreement.state", Actor: by, Object: agreement, Action: action, From: from, To: to, Clause: "10.7.3", Result: audit.Done,
		Detail: map[string]string{"case": caseNo}})
	return nil
}

// End terminates an agreement today and frees its slot and items; see Suspend.
func End(w *store.Tx, agreement, reason, caseNo, by string) error {
	if err := w.ExecOne(`UPDATE agreement SET state = 'ended', ended = $1, end_reason = $2 WHERE id = $3 AND state <> 'ended'`,
		calendar.DateOf(w.Now()), reason, agreement); err != nil {
		return err
	}
	if _, err := w.Exec(`UPDATE agreement_item SET state = 'removed' WHERE agreement = $1 AND state = 'active'`, agreement); err != nil {
		return err
	}
	w.Record(audit.Entry{Type: "agreement.state", Actor: by, Object: agreement, Action: "end", To: "ended", Clause: "10.7.3", Result: audit.Done,
		Detail: map[string]string{"case": caseNo, "reason": reason}})
	return nil
}
