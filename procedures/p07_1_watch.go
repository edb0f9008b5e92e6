package procedures

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/canon"
	p "pado/core/procedure"
	"pado/core/store"
	"pado/domain/governance/ingest"
	"pado/domain/party"
	"pado/domain/supply"
	"pado/plan"
)

// WatchSupply keeps the supply calendar (clause 7.2): it adds the periods that began, notes what came and
// what became of it, raises an alarm for what is late, short, unreadable or of another schema, opens its
// case, and follows the national registration of resources in operation (6.3.4). The clock calls it; two
// at a time are harmless. It returns how much was new. Crash state: a pass is one transaction, and each
// case of an alarm its own; what was not committed is done by the next pass.
func WatchSupply(ctx context.Context, e *p.Engine) (int, error) {
	if idle, err := supplyIdle(ctx, e); err != nil || idle {
		return 0, err
	}
	n := 0
	_, err := e.DB().Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		s, err := watching(&w.ReadTx, w, e)
		if err != nil {
			return audit.Entry{}, err
		}
		if err := s.all(); err != nil || s.n == 0 {
			return audit.Entry{}, err
		}
		n = s.n
		return audit.Entry{Type: "supply.watch", Actor: "clock", Action: "watch", Clause: plan.C("7.2").ID, Result: audit.Done, Detail: map[string]string{"changes": fmt.Sprint(n)}}, nil
	})
	if err != nil && !errors.Is(err, store.ErrNoEntry) {
		return 0, err
	}
	opened, err := openAlarmCases(ctx, e)
	return n + opened, err
}

// supplyIdle looks without a write whether a pass would do anything.
func supplyIdle(ctx context.Context, e *p.Engine) (idle bool, err error) {
	err = e.DB().View(ctx, func(r *store.ReadTx) error {
		s, err := watching(r, nil, e)
		if err == nil {
			err = s.all()
		}
		if err != nil {
			return err
		}
		waiting, err := r.Exists(unopened)
		idle = s.n == 0 && !waiting
		return err
	})
	return idle, err
}

const unopened = `SELECT 1 FROM supply_alarm a LEFT JOIN case_file c ON c.no = a.case_no WHERE a.state = 'open' AND (a.case_no = '' OR c.state = 'found')`

// supplyWatch is one pass. Without w it only counts what a pass would do, up to the first thing.
type supplyWatch struct {
	*store.ReadTx
	w           *store.Tx
	days        *calendar.Table
	now         store.Time
	today       calendar.Date
	grace, fast calendar.WorkingDays
	filing      calendar.WorkingDays
	ahead       int64
	renew       int64
	short       int64
	lines       []supply.Line
	n           int
}

func watching(r *store.ReadTx, w *store.Tx, e *p.Engine) (*supplyWatch, error) {
	params, err := e.Parameters(r)
	if err != nil {
		return nil, err
	}
	days, err := e.Days(r)
	if err != nil {
		return nil, err
	}
	s := &supplyWatch{ReadTx: r, w: w, days: days, now: store.At(r.Now()), today: calendar.DateOf(r.Now())}
	for key, into := range map[string]func(int64){"supply.grace": func(n int64) { s.grace = calendar.WorkingDays(n) }, "supply.grace_short": func(n int64) { s.fast = calendar.WorkingDays(n) },
		"supply.short": func(n int64) { s.short = n }, "registration.first_filing_wd": func(n int64) { s.filing = calendar.WorkingDays(n) },
		"registration.warn_wd": func(n int64) { s.ahead = n }, "registration.renew_days_before": func(n int64) { s.renew = n }} {
		v, err := params.At(key, s.today.String())
		if err != nil {
			return nil, err
		}
		n, err := v.Int()
		if err != nil {
			return nil, err
		}
		into(n)
	}
	s.lines, err = supply.Lines(r)
	return s, err
}

func (s *supplyWatch) all() error {
	for _, f := range []func() error{s.expect, s.resolve, s.arrive, s.settle, s.late, s.registrations} {
		if err := f(); err != nil {
			return err
		}
		if s.w == nil && s.n > 0 {
			return nil
		}
	}
	return nil
}

// do counts a change and makes it, when there is somebody to write.
func (s *supplyWatch) do(f func() error) error {
	s.n++
	if s.w == nil {
		return nil
	}
	return f()
}

func (s *supplyWatch) due(line supply.Line, x supply.Period) (calendar.Due, error) {
	n := s.grace
	if supply.Short(line.Cycle) {
		n = s.fast
	}
	return s.days.Due(x.Ends.Start(), n)
}

// most periods one pass adds to one calendar: a calendar that was never kept catches up over passes.
const most = 400

// expect adds every period up to the present one.
func (s *supplyWatch) expect() error {
	last := map[string]string{}
	if err := s.Each(`SELECT h.id, COALESCE((SELECT MAX(p.starts) FROM supply_period p WHERE p.hookup = h.id), '') FROM hookup h WHERE h.state = 'connected'`, nil, func(scan func(...any) error) error {
		var hookup, starts string
		err := scan(&hookup, &starts)
		last[hookup] = starts
		return err
	}); err != nil {
		return err
	}
	for _, line := range s.lines {
		next, ok := supply.PeriodOf(line.Cycle, dateOf(line.Created))
		if !ok {
			continue
		}
		if text := last[line.ID]; text != "" {
			d, err := calendar.ParseDate(text)
			if err != nil {
				return fmt.Errorf("read the calendar of %s: %w", line.ID, err)
			}
			known, _ := supply.PeriodOf(line.Cycle, d)
			next = known.Next(line.Cycle)
		}
		if since, err := calendar.ParseDate(line.Since); err == nil && next.Ends.Before(since) { // without an agreement nothing was expected
			next, _ = supply.PeriodOf(line.Cycle, since)
		}
		for i := 0; i < most && !next.Starts.After(s.today); i++ {
			due, err := s.due(line, next)
			if err != nil {
				return err
			}
			if err := s.do(func() error { return supply.Expect(s.w, line, next, due) }); err != nil {
				return err
			}
			next = next.Next(line.Cycle)
		}
	}
	return nil
}

// resolve computes the last day of periods whose year has been published since.
func (s *supplyWatch) resolve() error {
	var open []supply.Expected
	if err := s.Select(&open, `SELECT hookup, starts, ends, due_year FROM supply_period WHERE due_year > 0 ORDER BY hookup, starts`); err != nil {
		return err
	}
	for _, x := range open {
		line, err := supply.LineOf(s.ReadTx, x.Hookup)
		if err != nil {
			return err
		}
		d, err := calendar.ParseDate(x.Starts)
		if err != nil {
			return err
		}
		period, ok := supply.PeriodOf(line.Cycle, d)
		if !ok {
			continue
		}
		due, err := s.due(line, period)
		if err != nil || due.Unresolved != 0 {
			if err != nil {
				return err
			}
			continue
		}
		if err := s.do(func() error { return supply.Resolve(s.w, x.Hookup, x.Starts, due) }); err != nil {
			return err
		}
	}
	return nil
}

// arrive notes files that came since; an hour back, because an act that began earlier may be on record later.
func (s *supplyWatch) arrive() error {
	var fresh []struct {
		ID, Hookup string
		Received   store.Time
		Again      bool
	}
	if err := s.Select(&fresh, `SELECT f.id, f.hookup, f.received, EXISTS (SELECT 1 FROM supply_delivery x WHERE x.hookup = f.hookup AND x.raw = f.id AND x.state <> 'failed') AS again FROM raw_file f
		WHERE f.received >= COALESCE((SELECT MAX(m.received) FROM supply_delivery m), 0) - 3600000
		AND NOT EXISTS (SELECT 1 FROM supply_delivery d WHERE d.hookup = f.hookup AND d.raw = f.id AND d.received = f.received) ORDER BY f.received, f.id LIMIT 500`); err != nil {
		return err
	}
	for _, f := range fresh {
		line, err := supply.LineOf(s.ReadTx, f.Hookup)
		if err != nil {
			return err
		}
		if err := s.do(func() error { _, err := supply.Arrived(s.w, line, f.ID, f.Received, f.Again); return err }); err != nil {
			return err
		}
	}
	return nil
}

// settle notes what became of deliveries, and raises an alarm for those that are not as usual.
func (s *supplyWatch) settle() error {
	var list []struct {
		ID, Hookup, Raw, Period, State string
		Received                       store.Time
		FileState, Outcome             string
		Version, VersionState          string
		Rows                           int64
	}
	if err := s.Select(&list, `SELECT d.id, d.hookup, d.raw, d.period, d.state, d.received, f.state AS file_state, f.outcome, COALESCE(v.id, '') AS version, COALESCE(v.state, '') AS version_state,
		COALESCE(v.rows + v.quarantined, 0) AS rows FROM supply_delivery d JOIN raw_file f ON f.id = d.raw
		LEFT JOIN dataset_version v ON v.hookup = d.hookup AND v.raw = d.raw AND v.n = (SELECT MAX(m.n) FROM dataset_version m WHERE m.hookup = d.hookup AND m.raw = d.raw)
		WHERE d.state IN ('received', 'made') AND (f.state = 'failed' OR v.state IS NOT NULL) ORDER BY d.received, d.id LIMIT 500`); err != nil {
		return err
	}
	for _, x := range list {
		state := x.VersionState
		if x.FileState == "failed" {
			state = "failed"
		}
		if state == "withdrawn" {
			state = "accepted"
		}
		if state == x.State {
			continue
		}
		line, err := supply.LineOf(s.ReadTx, x.Hookup)
		if err != nil {
			return err
		}
		d := supply.Delivery{ID: x.ID, Hookup: x.Hookup, Raw: x.Raw, Received: x.Received, Period: x.Period, State: x.State}
		if err := s.do(func() error {
			if err := supply.Settled(s.w, d, state, x.Version, x.Rows); err != nil {
				return err
			}
			return s.judge(line, d, state, x.Outcome, x.Rows)
		}); err != nil {
			return err
		}
	}
	return nil
}

// judge compares a delivery that was just read with what is usual.
func (s *supplyWatch) judge(line supply.Line, d supply.Delivery, state, outcome string, rows int64) error {
	on := d.Received.In(calendar.Shanghai).Format("2006-01-02 15:04")
	switch {
	case state == "failed":
		kind := "failed"
		for _, e := range []*ingest.Error{ingest.ErrSchema, ingest.ErrNoHeader} {
			if strings.HasPrefix(outcome, e.Message) {
				kind = "schema"
			}
		}
		_, err := supply.RaiseAlarm(s.w, line, kind, d.Period, d.ID, fmt.Sprintf("“%s”于%s报送的文件未能治理：%s。", line.Title, on, strings.TrimRight(outcome, "。")))
		return err
	case d.State != "received": // it was judged when it was made
		return nil
	}
	usual, err := supply.Usual(s.ReadTx, d)
	if err != nil || usual == 0 || rows*10_000 >= usual*s.short {
		return err
	}
	_, err = supply.RaiseAlarm(s.w, line, "short", d.Period, d.ID, fmt.Sprintf("“%s”于%s报送%d行，往次中位数为%d行，不足%d.%02d%%。", line.Title, on, rows, usual, s.short/100, s.short%100))
	return err
}

// late raises an alarm for periods whose last day is over and in which nothing came.
func (s *supplyWatch) late() error {
	var list []supply.Expected
	if err := s.Select(&list, `SELECT p.hookup, p.starts, p.ends, p.due FROM supply_period p JOIN hookup h ON h.id = p.hookup
		WHERE p.delivery = '' AND p.alarm = '' AND p.due <= $1 AND (h.stopped IS NULL OR h.stopped > p.due) AND `+supply.Owed("$2")+` ORDER BY p.due, p.hookup, p.starts LIMIT 2000`, s.now, s.today.String()); err != nil {
		return err
	}
	for _, x := range list {
		line, err := supply.LineOf(s.ReadTx, x.Hookup)
		if err != nil {
			return err
		}
		d, err := calendar.ParseDate(x.Starts)
		if err != nil {
			return err
		}
		period, _ := supply.PeriodOf(line.Cycle, d)
		said := fmt.Sprintf("“%s”%s的数据应于%s 24:00前报送，至今未收到。", line.Title, period.Label(), calendar.Due{At: x.Due.Time}.Last())
		if err := s.do(func() error { _, err := supply.RaiseAlarm(s.w, line, "late", x.Starts, "", said); return err }); err != nil {
			return err
		}
	}
	return nil
}

// openAlarmCases gives every open alarm its case, and passes it on to the source.
func openAlarmCases(ctx context.Context, e *p.Engine) (int, error) {
	var list []supply.Alarm
	if err := e.DB().View(ctx, func(r *store.ReadTx) error {
		return r.Select(&list, `SELECT a.id, a.kind, a.said, a.case_no FROM supply_alarm a LEFT JOIN case_file c ON c.no = a.case_no
			WHERE a.state = 'open' AND (a.case_no = '' OR c.state = 'found') ORDER BY a.id LIMIT 100`)
	}); err != nil {
		return 0, err
	}
	n := 0
	for _, a := range list {
		form, err := json.Marshal(alarmForm{a.ID, a.Kind, a.Said})
		if err != nil {
			return n, err
		}
		no := a.CaseNo
		if no == "" {
			res, err := e.Start(ctx, p.Machine, p.Begin{Procedure: "p07_1_alarm", Form: form, Key: "alarm/" + a.ID})
			var ref *p.Refused
			if errors.As(err, &ref) { // another was faster
				continue
			}
			if err != nil {
				return n, fmt.Errorf("open the case of %s: %w", a.ID, err)
			}
			no = res.No
		}
		_, err = e.Do(ctx, p.Machine, no, "pass", p.Act{Revision: 1})
		var ref *p.Refused
		var stale *p.Stale
		if errors.As(err, &ref) || errors.As(err, &stale) {
			continue
		}
		if err != nil {
			return n, fmt.Errorf("pass on %s: %w", no, err)
		}
		n++
	}
	return n, nil
}

// tellSupply writes a message to everybody at a role's desk of an organisation, once for each title and object.
func tellSupply(w *store.Tx, role p.Role, org, object, caseNo, title, body string) (int, error) {
	var people []string
	if err := w.Select(&people, `SELECT DISTINCT person FROM membership WHERE role = $1 AND org = $2 AND until = '' ORDER BY person`, string(role), org); err != nil {
		return 0, err
	}
	told := 0
	for _, person := range people {
		n, err := w.Exec(`INSERT INTO message (id, person, kind, template, title, body, case_no, at) VALUES ($1,$2,$3,'system.supply',$4,$5,$6,$7) ON CONFLICT (id) DO NOTHING`,
			"ms_"+canon.Digest([]byte(object + "\n" + title + "\n" + person))[:26], person, party.KindSystem, title, body, caseNo, store.At(w.Now()))
		if err != nil {
			return told, err
		}
		told += int(n)
	}
	return told, nil
}
