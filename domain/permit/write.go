package permit

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/plan"
)

// Touch moves the version. A noun that changes what May reads elsewhere (an agreement's state,
// a withdrawn catalogue item) calls it in the same transaction.
func Touch(w *store.Tx) error {
	_, err := w.Next(versionCounter)
	return err
}

// Scope is the authorised catalogue of an agreement, as it opens with the signing (6.1.4).
type Scope struct {
	Agreement string
	Operator  string
	Items     []ScopeTerm
	By        string // who acts, for the log
	Case      string
}

// ScopeTerm is one item from the first to the last day, both inclusive, Asia/Shanghai.
type ScopeTerm struct {
	Item        string
	Fields      []string // empty or AllFields = all
	First, Last calendar.Date
}

// Open writes the scope of an agreement (clauses 6.1.4, 8.1). Items already open under it are
// replaced. Crash state: nothing is open before the commit, everything after it.
func Open(w *store.Tx, s Scope) error {
	for _, it := range s.Items {
		if err := shut(w, s.Agreement, it.Item); err != nil {
			return err
		}
		fields := it.Fields
		if len(fields) == 0 || contains(fields, AllFields) {
			fields = []string{AllFields}
		}
		span := Days(it.First, it.Last)
		for _, f := range fields {
			if _, err := w.Exec(`INSERT INTO permit_scope (agreement, operator_org, item, field, valid_from, valid_to) VALUES ($1,$2,$3,$4,$5,$6)`,
				s.Agreement, s.Operator, it.Item, f, store.At(span.From), store.At(span.Until)); err != nil {
				return err
			}
		}
	}
	record(w, "permit.open", s.By, s.Agreement, "open", plan.C("6.1.4"), map[string]string{"items": strconv.Itoa(len(s.Items)), "case": s.Case})
	return Touch(w)
}

// Shut takes items out of an agreement's scope (clause 6.1.5): the next use of one is refused.
func Shut(w *store.Tx, agreement string, items []string, by, caseNo string) error {
	for _, it := range items {
		if err := shut(w, agreement, it); err != nil {
			return err
		}
	}
	record(w, "permit.shut", by, agreement, "shut", plan.C("6.1.5"), map[string]string{"items": strconv.Itoa(len(items)), "case": caseNo})
	return Touch(w)
}

func shut(w *store.Tx, agreement, item string) error {
	_, err := w.Exec(`DELETE FROM permit_scope WHERE agreement = $1 AND item = $2`, agreement, item)
	return err
}

// Terms is a grant to be made: what a demand was agreed to (clause 6.3.2).
type Terms struct {
	DemandCase  string
	Agreement   string
	Org         string
	Scenario    string
	Purpose     string
	Items       []GrantItem
	First, Last calendar.Date // both inclusive
	By          string
}

// GrantItem is one catalogue item of a grant with the fields that may be used.
type GrantItem struct {
	Item   string
	Fields []string
}

// Grant makes a grant and returns its id. It is refused where it would reach beyond the
// agreement: an item or field outside the authorised catalogue, a day outside the term, no
// purpose. The agreement's row is locked, so that no grant slips past its end or suspension.
func Grant(w *store.Tx, t Terms) (string, error) {
	if t.Purpose == "" {
		return "", procedure.Refuse(PurposeDiffers, plan.C("6.3.2"), "使用许可须写明用途")
	}
	if len(t.Items) == 0 {
		return "", procedure.Refuse(ItemNotGranted, plan.C("6.3.2"), "使用许可须列明目录项和信息项")
	}
	if !t.First.Valid() || !t.Last.Valid() || t.Last.Before(t.First) {
		return "", procedure.Refuse(GrantPeriod, plan.C("6.3.2"), "使用许可须有起止日期，止日不得早于起日")
	}
	if err := w.Lock("agreement", "id", t.Agreement); errors.Is(err, store.ErrNotFound) {
		return "", refuse(NoAgreement)
	} else if err != nil {
		return "", err
	}
	var row agreementRow
	if err := w.Get(&row, `SELECT `+agreementColumns+` FROM agreement WHERE id = $1`, t.Agreement); err != nil {
		return "", err
	}
	a, err := row.open()
	if err != nil {
		return "", err
	}
	var scope []scopeRow
	if err := w.Select(&scope, `SELECT `+scopeColumns+` FROM permit_scope WHERE agreement = $1`, t.Agreement); err != nil {
		return "", err
	}
	for _, s := range scope {
		a.add(s)
	}
	span := Days(t.First, t.Last)
	switch {
	case a.State == Ended:
		return "", refuse(AgreementEnded)
	case a.State == Suspended:
		return "", suspended(StopAgreement)
	case !a.Span.Contains(w.Now()):
		return "", refuse(AgreementExpired)
	case span.Until.After(a.Span.Until) || span.From.Before(a.Span.From):
		return "", procedure.Refuse(GrantPeriod, plan.C("8.1"), "许可期限不得超出授权运营协议的期限（%s至%s）", row.Signed.Chinese(), row.Ends.Chinese())
	}
	n, err := w.Next("permit/grant")
	if err != nil {
		return "", err
	}
	id := fmt.Sprintf("gr-%06d", n)
	for _, it := range t.Items {
		in, ok := a.Items[it.Item]
		if !ok {
			return "", refuse(ItemNotAuthorised)
		}
		if span.Until.After(in.Span.Until) || span.From.Before(in.Span.From) {
			return "", procedure.Refuse(GrantPeriod, plan.C("8.1"), "许可期限不得超出目录项的授权期限（至%s）", lastDay(in.Span).Chinese())
		}
		if len(it.Fields) == 0 {
			return "", procedure.Refuse(FieldNotGranted, plan.C("10.5.2"), "使用许可须逐项列明信息项，不得整项授予")
		}
		for _, f := range it.Fields {
			if f == AllFields {
				return "", procedure.Refuse(FieldNotGranted, plan.C("10.5.2"), "使用许可须逐项列明信息项，不得整项授予")
			}
			if !within(in.Fields, f) {
				return "", refuse(FieldNotGranted)
			}
		}
		fields, err := json.Marshal(it.Fields)
		if err != nil {
			return "", err
		}
		if _, err := w.Exec(`INSERT INTO permit_grant (id, demand_case, agreement, org, scenario, purpose, item, fields, valid_from, valid_to, state, created)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`, id, t.DemandCase, t.Agreement, t.Org, t.Scenario, t.Purpose, it.Item,
			string(fields), store.At(span.From), store.At(span.Until), "active", store.At(w.Now())); err != nil {
			return "", err
		}
	}
	record(w, "permit.grant", t.By, id, "grant", plan.C("6.3.2"), map[string]string{"case": t.DemandCase, "agreement": t.Agreement,
		"items": strconv.Itoa(len(t.Items)), "from": t.First.String(), "to": t.Last.String()})
	return id, Touch(w)
}

func lastDay(s Span) calendar.Date { return calendar.DateOf(s.Until.Add(-1)) }

// Revoke ends a grant for good (clauses 6.3.2, 10.7.3). store.ErrConflict when it is not active.
func Revoke(w *store.Tx, grant, by, caseNo string) error {
	n, err := w.Exec(`UPDATE permit_grant SET state = 'revoked' WHERE id = $1 AND state = 'active'`, grant)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("revoke grant %s: %w", grant, store.ErrConflict)
	}
	record(w, "permit.revoke", by, grant, "revoke", plan.C("10.7.3"), map[string]string{"case": caseNo})
	return Touch(w)
}

// Halt is a stop to be made: what, from now until Until (zero = until lifted), why.
type Halt struct {
	Kind, Key string
	Until     calendar.Date // last day, inclusive; zero = open
	Reason    string
	Case      string
	By        string
}

// Stop suspends use of what it names from this transaction on (clause 10.7.3) and returns the
// stop's id. Every question, call and job that starts after the commit is refused.
func Stop(w *store.Tx, h Halt) (string, error) {
	if stopSays[h.Kind] == "" || h.Key == "" {
		return "", fmt.Errorf("stop: no such kind %q", h.Kind)
	}
	n, err := w.Next("permit/stop")
	if err != nil {
		return "", err
	}
	id := fmt.Sprintf("st-%06d", n)
	if _, err := w.Exec(`INSERT INTO permit_stop (id, kind, key, since, until, reason, case_no) VALUES ($1,$2,$3,$4,$5,$6,$7)`,
		id, h.Kind, h.Key, store.At(w.Now()), store.At(h.Until.End()), h.Reason, h.Case); err != nil {
		return "", err
	}
	record(w, "permit.stop", h.By, id, "stop."+h.Kind, plan.C("10.7.3"), map[string]string{"case": h.Case, "key": h.Key})
	return id, Touch(w)
}

// Lift ends the open stops of a thing at this transaction's time (恢复, clause 10.7.3).
// store.ErrConflict when none is open.
func Lift(w *store.Tx, kind, key, by, caseNo string) error {
	now := store.At(w.Now())
	n, err := w.Exec(`UPDATE permit_stop SET until = $1, lifted_case = $2 WHERE kind = $3 AND key = $4 AND (until IS NULL OR until > $1)`,
		now, caseNo, kind, key)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("lift the stop of %s %s: %w", kind, key, store.ErrConflict)
	}
	record(w, "permit.lift", by, key, "lift."+kind, plan.C("10.7.3"), map[string]string{"case": caseNo})
	return Touch(w)
}

// List puts a product list item or a product on the filed and public list from now on (9.1,
// 9.2), until a day if one is given. Purposes empty means that the list names none.
func List(w *store.Tx, product, agreement string, purposes []string, last calendar.Date, by, caseNo string) error {
	if purposes == nil {
		purposes = []string{}
	}
	p, err := json.Marshal(purposes)
	if err != nil {
		return err
	}
	if err := unlist(w, product); err != nil {
		return err
	}
	if _, err := w.Exec(`INSERT INTO permit_listing (product, agreement, purposes, valid_from, valid_to) VALUES ($1,$2,$3,$4,$5)
		ON CONFLICT (product, valid_from) DO UPDATE SET agreement = excluded.agreement, purposes = excluded.purposes, valid_to = excluded.valid_to`,
		product, agreement, string(p), store.At(w.Now()), store.At(last.End())); err != nil {
		return err
	}
	record(w, "permit.list", by, product, "list", plan.C("9.2"), map[string]string{"case": caseNo, "agreement": agreement})
	return Touch(w)
}

// Unlist takes it off the list now (clause 9.3).
func Unlist(w *store.Tx, product, by, caseNo string) error {
	if err := unlist(w, product); err != nil {
		return err
	}
	record(w, "permit.unlist", by, product, "unlist", plan.C("9.3"), map[string]string{"case": caseNo})
	return Touch(w)
}

func unlist(w *store.Tx, product string) error {
	_, err := w.Exec(`UPDATE permit_listing SET valid_to = $1 WHERE product = $2 AND (valid_to IS NULL OR valid_to > $1)`, store.At(w.Now()), product)
	return err
}

func record(w *store.Tx, kind, by, object, action string, clause plan.Clause, detail map[string]string) {
	for k, v := range detail {
		if v == "" {
			delete(detail, k)
		}
	}
	w.Record(audit.Entry{Type: kind, Actor: by, Object: object, Action: action, Clause: clause.ID, Result: audit.Done, Detail: detail})
}
