// Package sourcedesk draws the work page of a source department. See README.md.
package sourcedesk

import (
	"fmt"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// Tile is one figure at the head of the page.
type Tile struct {
	Label string
	Value int
	Tone  string // ok, warn, bad or empty
	Href  string
}

// Org is an organisation the actor is a source for.
type Org struct{ ID, Name string }

// Desk is the whole page.
type Desk struct {
	Org      Org
	Orgs     []Org
	AsOf     store.Time
	Tiles    []Tile
	Sections []procedure.Section
}

// Draw reads the page of one organisation the actor holds a source's desk of; org "" is the first,
// cycles are the catalogue's words for update cycles.
// store.ErrNotFound for anybody who is no source, and for an organisation not theirs.
func Draw(r *store.ReadTx, a procedure.Actor, org string, cycles []procedure.Option) (d Desk, err error) {
	seen := map[string]bool{}
	for _, x := range a.Desks {
		if x.Role != "source" || x.Org == "" || seen[x.Org] {
			continue
		}
		seen[x.Org] = true
		o := Org{ID: x.Org}
		if err := r.Get(&o.Name, `SELECT name FROM org WHERE id = $1`, x.Org); err != nil {
			return d, fmt.Errorf("read the name of %s: %w", x.Org, err)
		}
		d.Orgs = append(d.Orgs, o)
		if org == "" {
			org = x.Org
		}
		if x.Org == org {
			d.Org = o
		}
	}
	if d.Org.ID == "" {
		return d, store.ErrNotFound
	}
	d.AsOf = store.At(r.Now())
	q := reader{r, d.Org.ID, d.AsOf, cycles}
	for _, f := range []func(*Desk) error{q.tiles, q.items, q.due, q.trend, q.asked, q.granted, q.used} {
		if err := f(&d); err != nil {
			return d, err
		}
	}
	return d, nil
}

type reader struct {
	*store.ReadTx
	org string
	now store.Time

	cycles []procedure.Option
}

func (q reader) count(sql string, args ...any) (n int, err error) {
	err = q.Get(&n, sql, args...)
	return n, err
}

func (q reader) tiles(d *Desk) error {
	for _, x := range []struct {
		label, href, tone, sql string
		args                   []any
	}{
		{"已公布目录项", "/registers/catalogue", "", `SELECT COUNT(*) FROM catalogue_item WHERE source_org = $1 AND state = 'published'`, []any{q.org}},
		{"在用接入", "/registers/hookups?state=connected", "", `SELECT COUNT(*) FROM hookup WHERE source_org = $1 AND state = 'connected'`, []any{q.org}},
		{"逾期未报送", "/registers/supply_calendar", "bad", `SELECT COUNT(*) FROM supply_period p JOIN hookup h ON h.id = p.hookup WHERE h.source_org = $1 AND h.state = 'connected' AND p.delivery = '' AND p.due IS NOT NULL AND p.due < $2`, []any{q.org, q.now}},
		{"未解决供给异常", "/registers/supply_alarms?state=open", "bad", `SELECT COUNT(*) FROM supply_alarm WHERE source_org = $1 AND state = 'open'`, []any{q.org}},
		{"未销整改单", "/registers/quality_tickets?state=open", "warn", `SELECT COUNT(*) FROM quality_ticket WHERE source_org = $1 AND state = 'open'`, []any{q.org}},
		{"待答复供给需求", "/registers/supply_requests?state=open", "warn", `SELECT COUNT(*) FROM supply_request WHERE source_org = $1 AND state = 'open' AND answer = ''`, []any{q.org}},
		{"有效使用许可", "", "", `SELECT COUNT(*) FROM permit_grant g JOIN catalogue_item i ON i.id = g.item WHERE i.source_org = $1 AND g.state = 'active' AND g.valid_to > $2`, []any{q.org, q.now}},
	} {
		n, err := q.count(x.sql, x.args...)
		if err != nil {
			return err
		}
		t := Tile{Label: x.label, Value: n, Href: x.href}
		if n > 0 {
			t.Tone = x.tone
		} else if x.tone != "" {
			t.Tone = "ok"
		}
		d.Tiles = append(d.Tiles, t)
	}
	return nil
}

// shown bounds every list of the page; the registers hold the rest.
const shown = 50

// lastDay is the last day of a limit: 24:00 belongs to the day before. "" for none.
func lastDay(t store.Time) string {
	if t.IsZero() {
		return ""
	}
	return calendar.Due{At: t.Time}.Last().String()
}

func link(text any, href string) map[string]any {
	return map[string]any{"text": text, "href": href}
}

func (q reader) items(d *Desk) error {
	s := procedure.Section{Kind: "table", Title: "本部门目录项和数据集", Clause: "7.2", Columns: []procedure.Column{{Key: "title", Label: "目录项", Kind: "text", Primary: true}, {Key: "cycle", Label: "更新周期", Kind: "tag"},
		{Key: "hookup", Label: "接入", Kind: "text"}, {Key: "dataset", Label: "数据集", Kind: "text"}, {Key: "rows", Label: "现行版本行数", Kind: "int"}, {Key: "score", Label: "质量分", Kind: "percent"},
		{Key: "received", Label: "最近报送", Kind: "datetime"}}}
	var rows []struct {
		ID, Title, UpdateCycle, Hookup, Dataset, Label string
		Rows, Score                                    *int64
		Received                                       store.Time
	}
	if err := q.Select(&rows, `SELECT i.id, i.title, i.update_cycle, COALESCE(h.id, '') AS hookup, COALESCE(d.id, '') AS dataset, COALESCE(d.title, '') AS label, v.rows, v.score,
		(SELECT MAX(f.received) FROM raw_file f WHERE f.hookup = h.id) AS received
		FROM catalogue_item i LEFT JOIN hookup h ON h.item = i.id AND h.state = 'connected' LEFT JOIN dataset d ON d.id = h.dataset LEFT JOIN dataset_version v ON v.id = d.current_version
		WHERE i.source_org = $1 AND i.state = 'published' ORDER BY i.title, i.id LIMIT 50`, q.org); err != nil {
		return err
	}
	for _, x := range rows {
		row := map[string]any{"title": link(x.Title, "/registers/catalogue/"+x.ID), "cycle": procedure.LabelOf(q.cycles, x.UpdateCycle), "hookup": map[string]any{"text": "未接入", "tone": "muted"},
			"dataset": "", "rows": "", "score": "", "received": x.Received}
		if x.Hookup != "" {
			row["hookup"] = link("已接入", "/registers/hookups/"+x.Hookup)
		}
		if x.Dataset != "" {
			row["dataset"] = link(x.Label, "/registers/datasets/"+x.Dataset)
		}
		if x.Rows != nil && x.Score != nil {
			row["rows"], row["score"] = *x.Rows, *x.Score
		}
		s.Rows = append(s.Rows, row)
	}
	if len(rows) == shown {
		s.Note = "只列前50项，全部见“资源目录”。"
	}
	d.Sections = append(d.Sections, s)
	return nil
}

func (q reader) due(d *Desk) error {
	s := procedure.Section{Kind: "table", Title: "待报送和逾期", Clause: "7.2", Note: "每个接入一行；逐期情况见台账“供给日历”。期限按供给周期和工作日历计算。", Columns: []procedure.Column{{Key: "title", Label: "目录项", Kind: "text", Primary: true}, {Key: "period", Label: "最早未报送的数据所属期", Kind: "text"},
		{Key: "due", Label: "最迟报送", Kind: "date"}, {Key: "state", Label: "状态", Kind: "text"}, {Key: "case", Label: "办理", Kind: "link"}}}
	var rows []struct {
		Title, Starts, Ends, CaseNo, Hookup string
		Late                                int
		Due                                 store.Time
		DueYear                             int
	}
	// One line for a connection: the oldest period that is missing, and how many are late.
	if err := q.Select(&rows, `SELECT i.title, p.starts, p.ends, h.case_no, h.id AS hookup, p.due, p.due_year,
		(SELECT COUNT(*) FROM supply_period l WHERE l.hookup = h.id AND l.delivery = '' AND l.due IS NOT NULL AND l.due < $1) AS late
		FROM hookup h JOIN catalogue_item i ON i.id = h.item JOIN supply_period p ON p.hookup = h.id AND p.starts = (SELECT MIN(x.starts) FROM supply_period x WHERE x.hookup = h.id AND x.delivery = '')
		WHERE h.source_org = $2 AND h.state = 'connected' ORDER BY CASE WHEN p.due IS NULL THEN 1 ELSE 0 END, p.due, i.title LIMIT 50`, q.now, q.org); err != nil {
		return err
	}
	for _, x := range rows {
		period := x.Starts
		if x.Ends != x.Starts {
			period += " 至 " + x.Ends
		}
		row := map[string]any{"title": link(x.Title, "/registers/supply_board/"+x.Hookup), "period": period, "due": lastDay(x.Due), "state": map[string]any{"text": "待报送"}, "case": link("去报送", "/cases/"+x.CaseNo+"?act=deliver")}
		switch {
		case x.Late > 0:
			row["state"] = map[string]any{"text": fmt.Sprintf("已逾期 %d 期", x.Late), "tone": "bad"}
		case x.Due.IsZero():
			row["state"] = map[string]any{"text": fmt.Sprintf("待%d年工作日公布后确定", x.DueYear), "tone": "muted"}
		}
		s.Rows = append(s.Rows, row)
	}
	d.Sections = append(d.Sections, s)
	return nil
}

func (q reader) trend(d *Desk) error {
	var rows []struct {
		Dataset, Title string
		N, Score       int
	}
	if err := q.Select(&rows, `SELECT v.dataset, d.title, v.n, v.score FROM dataset_version v JOIN dataset d ON d.id = v.dataset
		WHERE d.source_org = $1 AND v.n > (SELECT MAX(x.n) FROM dataset_version x WHERE x.dataset = v.dataset) - 8 ORDER BY d.title, v.dataset, v.n`, q.org); err != nil {
		return err
	}
	if len(rows) == 0 {
		return nil
	}
	s := procedure.Section{Kind: "panel", Panel: "trend", Title: "质量分", Clause: "6.2.2", Note: "每个数据集最近8版，右端为最新一版。", Columns: []procedure.Column{{Key: "n", Label: "版本", Kind: "text", Primary: true}}}
	byDataset, order := map[string][]int{}, []string{}
	for _, x := range rows {
		if _, ok := byDataset[x.Dataset]; !ok {
			order = append(order, x.Dataset)
			s.Columns = append(s.Columns, procedure.Column{Key: x.Dataset, Label: x.Title, Kind: "percent"})
		}
		byDataset[x.Dataset] = append(byDataset[x.Dataset], x.Score)
	}
	most := 0
	for _, scores := range byDataset {
		most = max(most, len(scores))
	}
	if most == 1 {
		return q.scores(d, order, byDataset, s.Columns[1:])
	}
	for back := most - 1; back >= 0; back-- {
		row := map[string]any{"n": "最新"}
		if back > 0 {
			row["n"] = fmt.Sprintf("前%d版", back)
		}
		for _, id := range order {
			row[id] = ""
			if scores := byDataset[id]; len(scores) > back {
				row[id] = scores[len(scores)-1-back]
			}
		}
		s.Rows = append(s.Rows, row)
	}
	d.Sections = append(d.Sections, s)
	return nil
}

// scores is the trend while every dataset has one version: a bar each, and nothing for a single one.
func (q reader) scores(d *Desk, order []string, scores map[string][]int, columns []procedure.Column) error {
	if len(order) < 2 {
		return nil
	}
	s := procedure.Section{Kind: "chart", Title: "质量分", Clause: "6.2.2", Note: "各数据集目前只有一版；有第二版后在这里显示变化。",
		Columns: []procedure.Column{{Key: "title", Label: "数据集", Kind: "text", Primary: true}, {Key: "score", Label: "质量分", Kind: "percent"}}}
	for i, id := range order {
		s.Rows = append(s.Rows, map[string]any{"title": columns[i].Label, "score": scores[id][0]})
	}
	d.Sections = append(d.Sections, s)
	return nil
}
