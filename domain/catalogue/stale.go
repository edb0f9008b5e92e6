package catalogue

import (
	"errors"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// Staleness is an item whose data are older than its update cycle allows (clause 7.2b).
type Staleness struct {
	Item   string
	DataAt store.Time // when the data in use were received
	DueAt  store.Time // when the next should have been there, with the days of grace
	Since  store.Time // when it was noticed
}

// NextDue is the last day on which data received on a day are fresh under a cycle; false when the
// cycle fixes none. A real-time source is held to a day.
func NextDue(cycle string, received calendar.Date) (calendar.Date, bool) {
	switch cycle {
	case "realtime", "day":
		return received.AddDays(1), true
	case "week":
		return received.AddDays(7), true
	case "month":
		return received.AddMonths(1), true
	case "quarter":
		return received.AddMonths(3), true
	case "half_year":
		return received.AddMonths(6), true
	case "year":
		return received.AddMonths(12), true
	}
	return calendar.Date{}, false
}

// dataSQL is what the data of a published item are: the newest accepted version, by when its file came in.
const dataSQL = `SELECT i.id AS item, i.update_cycle AS cycle, MAX(f.received) AS at FROM catalogue_item i JOIN dataset d ON d.item = i.id
	JOIN dataset_version v ON v.dataset = d.id AND v.state = 'accepted' JOIN raw_file f ON f.id = v.raw WHERE i.state = 'published'`

// Watch compares the data of every item with its cycle and keeps the marks: it returns the items that
// have become stale and enters the marks that came and went. An item without data has no age.
func Watch(w *store.Tx, grace calendar.Days) (fresh []Staleness, cleared int, err error) {
	var rows []struct {
		Item, Cycle string
		At          store.Time
	}
	if err := w.Select(&rows, dataSQL+` GROUP BY i.id, i.update_cycle ORDER BY i.id`); err != nil {
		return nil, 0, err
	}
	var marked []Staleness
	if err := w.Select(&marked, `SELECT item, data_at, due_at, since FROM catalogue_stale`); err != nil {
		return nil, 0, err
	}
	before := map[string]Staleness{}
	for _, m := range marked {
		before[m.Item] = m
	}
	for _, row := range rows {
		last, ok := NextDue(row.Cycle, calendar.DateOf(row.At.Time))
		if !ok {
			continue
		}
		due := store.At(last.AddDays(grace).End())
		if w.Now().Before(due.Time) {
			continue
		}
		old, known := before[row.Item]
		delete(before, row.Item)
		if known && old.DataAt.Equal(row.At.Time) {
			continue
		}
		s := Staleness{row.Item, row.At, due, store.At(w.Now())}
		if _, err := w.Exec(`INSERT INTO catalogue_stale (item, data_at, due_at, since) VALUES ($1,$2,$3,$4)
			ON CONFLICT (item) DO UPDATE SET data_at = excluded.data_at, due_at = excluded.due_at, since = excluded.since`, s.Item, s.DataAt, s.DueAt, s.Since); err != nil {
			return nil, 0, err
		}
		w.Record(audit.Entry{Type: "catalogue.stale", Actor: "clock", Object: s.Item, Action: "mark", Clause: "7.2b", Result: audit.Done,
			Detail: map[string]string{"data": calendar.DateOf(s.DataAt.Time).String(), "due": last.AddDays(grace).String()}})
		fresh = append(fresh, s)
	}
	for _, m := range marked {
		if _, gone := before[m.Item]; !gone {
			continue
		}
		if _, err := w.Exec(`DELETE FROM catalogue_stale WHERE item = $1`, m.Item); err != nil {
			return nil, 0, err
		}
		cleared++
		w.Record(audit.Entry{Type: "catalogue.stale", Actor: "clock", Object: m.Item, Action: "clear", Clause: "7.2b", Result: audit.Done})
	}
	return fresh, cleared, nil
}

// freshness shows how old the data of an item are against its cycle; no lines when there are none.
func freshness(r *store.ReadTx, it Item) (procedure.Section, error) {
	s := procedure.Section{Kind: "keyvalues", Title: "数据时效", Clause: "7.2b"}
	var rows []struct {
		Item, Cycle string
		At          store.Time
	}
	if err := r.Select(&rows, dataSQL+` AND i.id = $1 GROUP BY i.id, i.update_cycle`, it.ID); err != nil || len(rows) == 0 {
		return s, err
	}
	s.Items = []procedure.Item{{Label: "更新周期", Value: label(Cycles, it.UpdateCycle)}, {Label: "最近一次数据到达", Value: minute(rows[0].At)}}
	if last, ok := NextDue(it.UpdateCycle, calendar.DateOf(rows[0].At.Time)); ok {
		s.Items = append(s.Items, procedure.Item{Label: "按周期应更新至", Value: last.Chinese() + "前"})
	}
	var m Staleness
	err := r.Get(&m, `SELECT item, data_at, due_at, since FROM catalogue_stale WHERE item = $1`, it.ID)
	if errors.Is(err, store.ErrNotFound) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	s.Items = append(s.Items, procedure.Item{Label: "时效", Value: "超期未更新"}, procedure.Item{Label: "自何时起超期", Value: minute(m.DueAt)})
	return s, nil
}

func minute(t store.Time) string { return t.In(calendar.Shanghai).Format("2006-01-02 15:04") }
