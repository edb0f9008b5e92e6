package supply

import (
	"fmt"
	"slices"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// Line is a hookup with what the calendar needs of it.
type Line struct {
	ID, Item, Title, Dataset, SourceOrg, OperatorOrg, Division, Cycle, State string
	Created, Stopped                                                         store.Time
	Since                                                                    string // day the agreement in force was signed
}

// authorised is the condition that a hookup's item stands in the catalogue and under an agreement of its
// operator in force: nothing is expected of a source while nothing may be taken (5.3).
const authorised = `agreement_item x JOIN agreement g ON g.id = x.agreement AND g.state = 'in_force' AND g.operator_org = h.operator_org
	JOIN catalogue_item y ON y.id = x.item AND y.state = 'published' WHERE x.item = h.item AND x.state = 'active'`

// Owed is the condition that a delivery over hookup h may be taken on a day, an SQL expression.
func Owed(day string) string {
	return `EXISTS (SELECT 1 FROM ` + authorised + ` AND g.ends >= ` + day + `)`
}

// Lines lists the hookups whose calendar runs: connected, and under an agreement in force.
func Lines(r *store.ReadTx) (out []Line, err error) {
	return out, r.Select(&out, `SELECT h.id, h.item, COALESCE(i.title, h.item) AS title, h.dataset, h.source_org, h.operator_org, h.division, h.cycle, h.state, h.created, h.stopped,
		(SELECT MAX(g.signed) FROM `+authorised+`) AS since FROM hookup h LEFT JOIN catalogue_item i ON i.id = h.item WHERE h.state = 'connected' AND `+Owed("$1")+` ORDER BY h.id`, calendar.DateOf(r.Now()).String())
}

// LineOf reads one hookup, running or not.
func LineOf(r *store.ReadTx, id string) (Line, error) {
	var l Line
	return l, r.Get(&l, `SELECT h.id, h.item, COALESCE(i.title, h.item) AS title, h.dataset, h.source_org, h.operator_org, h.division, h.cycle, h.state, h.created, h.stopped
		FROM hookup h LEFT JOIN catalogue_item i ON i.id = h.item WHERE h.id = $1`, id)
}

// Expected is one line of the supply calendar.
type Expected struct {
	Hookup       string
	Starts, Ends string
	Due          store.Time // the end of the last day in time; zero while DueYear is not published
	DueYear      int
	Delivery     string
	Delivered    store.Time
	Alarm        string
}

// Expect adds a period to the calendar.
func Expect(w *store.Tx, line Line, p Period, due calendar.Due) error {
	var at store.Time
	if !due.At.IsZero() {
		at = store.At(due.At)
	}
	if _, err := w.Exec(`INSERT INTO supply_period (hookup, starts, ends, due, due_year) VALUES ($1,$2,$3,$4,$5)`, line.ID, p.Starts.String(), p.Ends.String(), at, due.Unresolved); err != nil {
		return err
	}
	record(w, "supply.period", "clock", "", line.ID, "expect", p.Starts.String(), "7.2", map[string]string{"ends": p.Ends.String(), "due": due.Label()})
	return nil
}

// Resolve sets the last day of a period whose year has been published.
func Resolve(w *store.Tx, hookup, starts string, due calendar.Due) error {
	if err := w.ExecOne(`UPDATE supply_period SET due = $1, due_year = 0 WHERE hookup = $2 AND starts = $3 AND due_year > 0`, store.At(due.At), hookup, starts); err != nil {
		return err
	}
	record(w, "supply.period", "clock", "", hookup, "resolve", starts, "7.2", map[string]string{"due": due.Label()})
	return nil
}

// Delivery is what came over a hookup at one time.
type Delivery struct {
	ID, Hookup, Raw string
	Received        store.Time
	Period          string // first day of the period it fills; empty = it fills none
	State           string // received, made, accepted, rejected, failed, same
	Version         string
	RowCount        int64 // rows that came, quarantined ones included; 0 before they are counted
}

// Arrived records a delivery and lets it fill the period before, while that is empty, else the
// present one. again: the same bytes came before, so that it fills nothing.
func Arrived(w *store.Tx, line Line, raw string, at store.Time, again bool) (Delivery, error) {
	n, err := w.Next("supply_delivery")
	if err != nil {
		return Delivery{}, err
	}
	d := Delivery{ID: fmt.Sprintf("bs-%06d", n), Hookup: line.ID, Raw: raw, Received: at, State: "received"}
	if again {
		d.State = "same"
	} else if now, ok := PeriodOf(line.Cycle, calendar.DateOf(at.Time)); ok {
		for _, p := range []Period{now.Before(line.Cycle), now} {
			k, err := w.Exec(`UPDATE supply_period SET delivery = $1, delivered = $2 WHERE hookup = $3 AND starts = $4 AND delivery = ''`, d.ID, at, line.ID, p.Starts.String())
			if err != nil {
				return d, err
			}
			if k > 0 {
				d.Period = p.Starts.String()
				break
			}
		}
	}
	if _, err := w.Exec(`INSERT INTO supply_delivery (id, hookup, raw, received, period, state) VALUES ($1,$2,$3,$4,$5,$6)`, d.ID, d.Hookup, d.Raw, d.Received, d.Period, d.State); err != nil {
		return d, err
	}
	record(w, "supply.delivery", "clock", "", d.ID, "arrive", d.State, "7.2", map[string]string{"hookup": d.Hookup, "raw": raw, "at": fmt.Sprint(at.UnixMilli()), "period": d.Period})
	return d, nil
}

// Settled notes what became of a delivery. What failed or was rejected fills its period no longer.
func Settled(w *store.Tx, d Delivery, state, version string, rows int64) error {
	var count any
	if version != "" {
		count = rows
	}
	if state == "failed" || state == "rejected" {
		if _, err := w.Exec(`UPDATE supply_period SET delivery = '', delivered = NULL WHERE hookup = $1 AND delivery = $2`, d.Hookup, d.ID); err != nil {
			return err
		}
		d.Period = ""
	}
	if err := w.ExecOne(`UPDATE supply_delivery SET state = $1, version = $2, row_count = $3, period = $4 WHERE id = $5`, state, version, count, d.Period, d.ID); err != nil {
		return err
	}
	record(w, "supply.delivery", "clock", "", d.ID, "settle", state, "7.2", map[string]string{"version": version, "rows": fmt.Sprint(rows), "period": d.Period})
	return nil
}

// Usual is the median of the rows of the last six accepted deliveries of a hookup before one; 0 when there was none.
func Usual(r *store.ReadTx, d Delivery) (int64, error) {
	var rows []int64
	if err := r.Select(&rows, `SELECT row_count FROM supply_delivery WHERE hookup = $1 AND state = 'accepted' AND received < $2 AND row_count IS NOT NULL ORDER BY received DESC LIMIT 6`, d.Hookup, d.Received); err != nil || len(rows) == 0 {
		return 0, err
	}
	slices.Sort(rows)
	if n := len(rows); n%2 == 0 {
		return (rows[n/2-1] + rows[n/2]) / 2, nil
	}
	return rows[len(rows)/2], nil
}

// Kinds of alarm.
var Kinds = []procedure.Option{{Value: "late", Label: "迟报"}, {Value: "short", Label: "缺量"}, {Value: "schema", Label: "结构改变"}, {Value: "failed", Label: "无法治理"}}

// Alarm is what was noticed about the deliveries of a hookup.
type Alarm struct {
	ID, Kind, Hookup, Item, SourceOrg, OperatorOrg, Division string
	Period, Delivery, Said                                   string
	Raised                                                   store.Time
	State, CaseNo                                            string
	Resolved                                                 store.Time
}

const alarmColumns = `id, kind, hookup, item, source_org, operator_org, division, period, delivery, said, raised, state, case_no, resolved`

// AlarmByID reads an alarm; AlarmOf that of a case, store.ErrNotFound when there is none.
func AlarmByID(r *store.ReadTx, id string) (Alarm, error) {
	var a Alarm
	return a, r.Get(&a, `SELECT `+alarmColumns+` FROM supply_alarm WHERE id = $1`, id)
}

// AlarmOf is described at AlarmByID.
func AlarmOf(r *store.ReadTx, caseNo string) (Alarm, error) {
	var a Alarm
	return a, r.Get(&a, `SELECT `+alarmColumns+` FROM supply_alarm WHERE case_no = $1`, caseNo)
}

// RaiseAlarm records an alarm, or finds the open one of the kind for the hookup, which this joins.
// A late period is noted as told under it.
func RaiseAlarm(w *store.Tx, line Line, kind, period, delivery, said string) (Alarm, error) {
	var a Alarm
	err := w.Get(&a, `SELECT `+alarmColumns+` FROM supply_alarm WHERE hookup = $1 AND kind = $2 AND state = 'open'`, line.ID, kind)
	if err != nil && !missing(err) {
		return a, err
	}
	if missing(err) {
		n, err := w.Next("supply_alarm")
		if err != nil {
			return a, err
		}
		a = Alarm{ID: fmt.Sprintf("yj-%06d", n), Kind: kind, Hookup: line.ID, Item: line.Item, SourceOrg: line.SourceOrg, OperatorOrg: line.OperatorOrg, Division: line.Division, Period: period,
			Delivery: delivery, Said: said, Raised: store.At(w.Now()), State: "open"}
		if _, err := w.Exec(`INSERT INTO supply_alarm (id, kind, hookup, item, source_org, operator_org, division, period, delivery, said, raised, state) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`,
			a.ID, a.Kind, a.Hookup, a.Item, a.SourceOrg, a.OperatorOrg, a.Division, a.Period, a.Delivery, a.Said, a.Raised, a.State); err != nil {
			return a, err
		}
	}
	record(w, "supply.alarm", "clock", "", a.ID, "raise", a.State, "7.2", map[string]string{"kind": kind, "hookup": line.ID, "period": period, "delivery": delivery})
	if kind != "late" {
		return a, nil
	}
	return a, w.ExecOne(`UPDATE supply_period SET alarm = $1 WHERE hookup = $2 AND starts = $3 AND alarm = ''`, a.ID, line.ID, period)
}

// Open ties an alarm to the case that handles it.
func Open(w *store.Tx, alarm, caseNo string) error {
	if err := w.ExecOne(`UPDATE supply_alarm SET case_no = $1 WHERE id = $2 AND case_no = ''`, caseNo, alarm); err != nil {
		return err
	}
	record(w, "supply.alarm", "clock", "", alarm, "open", "open", "7.2", map[string]string{"case": caseNo})
	return nil
}

// Solve ends an alarm.
func Solve(w *store.Tx, caseNo, by, org string) error {
	if err := w.ExecOne(`UPDATE supply_alarm SET state = 'resolved', resolved = $1 WHERE case_no = $2 AND state = 'open'`, store.At(w.Now()), caseNo); err != nil {
		return err
	}
	record(w, "supply.alarm", by, org, caseNo, "resolve", "resolved", "7.2", nil)
	return nil
}

// MadeGood tells whether what an alarm was about has come meanwhile: every late period it tells of is
// filled, or a later delivery was accepted.
func MadeGood(r *store.ReadTx, a Alarm) (bool, error) {
	if a.Kind == "late" {
		there, err := r.Exists(`SELECT 1 FROM supply_period WHERE hookup = $1 AND alarm = $2 AND delivery = ''`, a.Hookup, a.ID)
		return !there, err
	}
	return r.Exists(`SELECT 1 FROM supply_delivery d WHERE d.hookup = $1 AND d.state = 'accepted' AND d.received >= (SELECT b.received FROM supply_delivery b WHERE b.id = $2) AND d.id > $2`, a.Hookup, a.Delivery)
}
