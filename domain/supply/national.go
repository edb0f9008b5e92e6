package supply

import (
	"fmt"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// National is how far the national registration of a resource has come, as its source reported.
type National struct {
	Item, SourceOrg, Division string
	Obliged                   bool       // organs and institutions must, utilities may
	Began                     store.Time // when operation first had data; zero before
	Due                       store.Time // the last instant of applying in time; zero = none yet
	DueYear                   int        // the year whose working days are not published; 0 = none
	Applied                   string     // day of the application
	State                     string     // see NationalStates
	Number                    string     // opaque, of the registry
	Coded, ValidTo            string     // days
	CaseNo, Told              string
	Updated                   store.Time
}

const nationalColumns = `item, source_org, division, obliged, began, due, due_year, applied, state, number, coded, valid_to, case_no, told, updated`

// NationalStates are the stations of a national registration.
var NationalStates = []procedure.Option{{Value: "none", Label: "未申报"}, {Value: "applied", Label: "申请"}, {Value: "accepted", Label: "受理"}, {Value: "reviewed", Label: "形式审核"},
	{Value: "publicity", Label: "公示"}, {Value: "objection", Label: "异议"}, {Value: "coded", Label: "赋码"}, {Value: "refused", Label: "不予"}, {Value: "cancelled", Label: "注销"}}

// NationalActs are the types of registration, and the renewal of a result.
var NationalActs = []procedure.Option{{Value: "initial", Label: "首次登记"}, {Value: "change", Label: "变更登记"}, {Value: "correction", Label: "更正登记"}, {Value: "cancel", Label: "注销登记"}, {Value: "renewal", Label: "续展"}}

// NationalOf reads the registration of an item; store.ErrNotFound while nothing is known of it.
func NationalOf(r *store.ReadTx, item string) (National, error) {
	var n National
	return n, r.Get(&n, `SELECT `+nationalColumns+` FROM national_registration WHERE item = $1`, item)
}

// InOperation records that operation has had data of an item since a time, and by when its source has
// to apply; an obligation only where obliged.
func InOperation(w *store.Tx, n National, due calendar.Due) error {
	if n.Obliged && !due.At.IsZero() {
		n.Due = store.At(due.At)
	}
	if n.Obliged {
		n.DueYear = due.Unresolved
	}
	if _, err := w.Exec(`INSERT INTO national_registration (item, source_org, division, obliged, began, due, due_year, state, updated) VALUES ($1,$2,$3,$4,$5,$6,$7,'none',$8)
		ON CONFLICT (item) DO UPDATE SET began = excluded.began, due = excluded.due, due_year = excluded.due_year`,
		n.Item, n.SourceOrg, n.Division, n.Obliged, n.Began, n.Due, n.DueYear, store.At(w.Now())); err != nil {
		return err
	}
	record(w, "national.registration", "clock", "", n.Item, "begin", "none", "6.3.4", map[string]string{"began": dayOf(n.Began), "due": due.Label(), "obliged": fmt.Sprint(n.Obliged)})
	return nil
}

// ResolveNational sets the last day of an application whose year has been published.
func ResolveNational(w *store.Tx, item string, due calendar.Due) error {
	if err := w.ExecOne(`UPDATE national_registration SET due = $1, due_year = 0 WHERE item = $2 AND due_year > 0`, store.At(due.At), item); err != nil {
		return err
	}
	record(w, "national.registration", "clock", "", item, "resolve", "", "6.3.4", map[string]string{"due": due.Label()})
	return nil
}

// Told notes which warning about a registration was given last.
func Told(w *store.Tx, item, what string) error {
	if err := w.ExecOne(`UPDATE national_registration SET told = $1 WHERE item = $2`, what, item); err != nil {
		return err
	}
	record(w, "national.registration", "clock", "", item, "warn", what, "6.3.4", nil)
	return nil
}

// Progress notes a station that the source reported. An item nothing is known of begins here; a
// cancellation takes the number and its term away.
func Progress(w *store.Tx, n National, act, on, by string) error {
	if _, err := w.Exec(`INSERT INTO national_registration (item, source_org, division, obliged, state, case_no, updated) VALUES ($1,$2,$3,$4,$5,$6,$7)
		ON CONFLICT (item) DO UPDATE SET state = excluded.state, case_no = excluded.case_no, updated = excluded.updated`, n.Item, n.SourceOrg, n.Division, n.Obliged, n.State, n.CaseNo, store.At(w.Now())); err != nil {
		return err
	}
	if n.State == "applied" && act == "initial" {
		if err := w.ExecOne(`UPDATE national_registration SET applied = $1 WHERE item = $2`, on, n.Item); err != nil {
			return err
		}
	}
	if n.State == "cancelled" { // the number is no longer the resource's; the log keeps it
		if err := w.ExecOne(`UPDATE national_registration SET number = '', coded = '', valid_to = '' WHERE item = $1`, n.Item); err != nil {
			return err
		}
	}
	record(w, "national.registration", by, n.SourceOrg, n.Item, "report", n.State, "6.3.4", map[string]string{"case": n.CaseNo, "act": act, "on": on})
	return nil
}

// Code notes the result: the registry's number and how long it is good for. store.ErrConflict: the
// number is on record for another resource of the same source.
func Code(w *store.Tx, n National, act, by string) error {
	if err := w.ExecOne(`UPDATE national_registration SET state = 'coded', number = $1, coded = $2, valid_to = $3, case_no = $4, told = '', updated = $5 WHERE item = $6`,
		n.Number, n.Coded, n.ValidTo, n.CaseNo, store.At(w.Now()), n.Item); err != nil {
		return err
	}
	record(w, "national.registration", by, n.SourceOrg, n.Item, "code", "coded", "6.3.4", map[string]string{"case": n.CaseNo, "act": act, "number": n.Number, "on": n.Coded, "valid_to": n.ValidTo})
	return nil
}

// Unfinished puts back what stood before a case that led to nothing: a number that was given stays good.
func Unfinished(w *store.Tx, item, otherwise, caseNo, by string) error {
	k, err := w.Exec(`UPDATE national_registration SET state = CASE WHEN number <> '' THEN 'coded' ELSE $1 END, updated = $2 WHERE item = $3 AND case_no = $4`, otherwise, store.At(w.Now()), item, caseNo)
	if err != nil || k == 0 {
		return err
	}
	record(w, "national.registration", by, "", item, "end", otherwise, "6.3.4", map[string]string{"case": caseNo})
	return nil
}

func dayOf(t store.Time) string {
	if t.IsZero() {
		return ""
	}
	return calendar.DateOf(t.Time).String()
}
