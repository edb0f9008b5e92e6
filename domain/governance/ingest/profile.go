package ingest

import (
	"fmt"
	"strings"

	"pado/domain/governance/ingest/engine"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/quality"
)

// maxValues is how many different values a column of words may have to be drawn.
const maxValues = 1000

// plots adds to every column's profile what of its values may be drawn.
func (r *run) plots(from string, rep *quality.Report) error {
	unit := ""
	if r.p.Target.UnitDomain != "row" {
		unit = r.p.Target.Unit
	}
	for i, c := range r.p.Target.Columns {
		p := &rep.Columns[i]
		given := p.Rows - p.Nulls
		var err error
		switch {
		case given == 0:
			p.Withheld = "没有值"
		case c.Label == "forbidden" || c.Label == "unit" || c.Label == "join_only" || c.Label == "sensitive_dim":
			p.Withheld = "按使用标签不展示取值"
		case summable(c.Type):
			err = r.numbers(from, c, unit, p)
		case c.Type == "date" || c.Type == "timestamp":
			err = r.times(from, c, unit, p)
		case c.Label == "measure":
			p.Withheld = "按使用标签不展示取值"
		case p.Distinct > maxValues:
			p.Withheld = "取值过多，不宜作图"
		default:
			err = r.values(from, c, unit, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// standing is the count that decides whether a cell may be shown.
func standing(c pipeline.TargetColumn, unit string) string {
	switch {
	case c.Label == "public":
		return "1000000000000" // public data have no small cells
	case unit != "":
		return "count(DISTINCT " + pipeline.Ident(unit) + ")"
	}
	return "count(*)"
}

// numbered is the scan with the place of each row.
func numbered(from string) string { return strings.TrimSuffix(from, ")") + ", file_row_number = true)" }

func (r *run) numbers(from string, c pipeline.TargetColumn, unit string, p *quality.Column) error {
	q := pipeline.Ident(c.Name)
	// The middle 98 in a hundred of every fortieth row decide the scale of large
	// tables; the ends are open.
	sample := ""
	if p.Rows > 200_000 {
		sample = " AND file_row_number % 40 = 0"
	}
	var lo, hi float64
	found := false
	err := r.eng.Query(r.ctx, fmt.Sprintf("SELECT quantile_disc(\"#x\", 0.01), quantile_disc(\"#x\", 0.99) FROM (SELECT %s::DOUBLE AS \"#x\" FROM %s WHERE %s IS NOT NULL%s)", q,
		numbered(from), q, sample), func(s engine.Scanner) error {
		var a, b *float64
		if err := s.Scan(&a, &b); err != nil {
			return err
		}
		if a != nil && b != nil {
			lo, hi, found = *a, *b, true
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !found {
		p.Withheld = "没有值"
		return nil
	}
	first, step, bins := quality.Spacing(lo, hi, c.Type == "integer" || c.Type == "bigint")
	cells := make([]quality.Cell, bins+2)
	for i := range cells {
		if i > 0 {
			cells[i].From = quality.Edge(first, step, i-1)
		}
		if i < bins+1 {
			cells[i].To = quality.Edge(first, step, i)
		}
	}
	err = r.eng.Query(r.ctx, fmt.Sprintf("SELECT least(greatest(floor((%[1]s::DOUBLE - (%[2]g)) / %[3]g), -1), %[4]d)::BIGINT + 1 AS \"#b\", count(*), %[5]s FROM %[6]s WHERE %[1]s IS NOT NULL GROUP BY \"#b\"",
		q, first, step, bins, standing(c, unit), from), func(s engine.Scanner) error {
		var b, rows, units cell
		if err := s.Scan(&b, &rows, &units); err != nil {
			return err
		}
		if b.n >= 0 && b.n < int64(len(cells)) {
			cells[b.n].Rows, cells[b.n].Units = rows.n, units.n
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.Draw(cells)
	return nil
}

func (r *run) times(from string, c pipeline.TargetColumn, unit string, p *quality.Column) error {
	q := pipeline.Ident(c.Name)
	var days cell
	err := r.eng.Query(r.ctx, fmt.Sprintf("SELECT date_diff('day', min(%[1]s), max(%[1]s))::BIGINT FROM %[2]s", q, from), func(s engine.Scanner) error { return s.Scan(&days) })
	if err != nil {
		return err
	}
	width, shape, next := "year", "%Y", "1 YEAR"
	switch {
	case days.n <= 60:
		width, shape, next = "day", "%Y-%m-%d", "1 DAY"
	case days.n <= 366*5:
		width, shape, next = "month", "%Y-%m", "1 MONTH"
	}
	var cells []quality.Cell
	err = r.eng.Query(r.ctx, fmt.Sprintf("SELECT strftime(\"#t\", '%[1]s'), strftime(\"#t\" + INTERVAL %[2]s, '%[1]s'), \"#n\", \"#u\" FROM (SELECT date_trunc('%[3]s', %[4]s)::TIMESTAMP AS \"#t\", count(*) AS \"#n\", %[5]s AS \"#u\" FROM %[6]s WHERE %[4]s IS NOT NULL GROUP BY \"#t\") ORDER BY 1 LIMIT 2000",
		shape, next, width, q, standing(c, unit), from), func(s engine.Scanner) error {
		var a, b, rows, units cell
		if err := s.Scan(&a, &b, &rows, &units); err != nil {
			return err
		}
		cells = append(cells, quality.Cell{Bin: quality.Bin{From: a.s, To: b.s, Rows: rows.n}, Units: units.n})
		return nil
	})
	if err != nil {
		return err
	}
	if len(cells) == 2000 {
		p.Withheld = "取值过多，不宜作图"
		return nil
	}
	p.Draw(cells)
	return nil
}

func (r *run) values(from string, c pipeline.TargetColumn, unit string, p *quality.Column) error {
	q := pipeline.Ident(c.Name)
	c.Label = "dim" // a word in a public column may still be a slip
	var counts []quality.Count
	var units []int64
	total := int64(0)
	err := r.eng.Query(r.ctx, fmt.Sprintf("SELECT %[1]s::VARCHAR, count(*), %[2]s FROM %[3]s WHERE %[1]s IS NOT NULL GROUP BY %[1]s ORDER BY 2 DESC, 1 LIMIT %[4]d", q, standing(c, unit), from, 2*maxValues),
		func(s engine.Scanner) error {
			var v, n, u cell
			if err := s.Scan(&v, &n, &u); err != nil {
				return err
			}
			total += n.n
			counts = append(counts, quality.Count{Value: v.s, Rows: n.n})
			units = append(units, u.n)
			return nil
		})
	if err != nil {
		return err
	}
	if total != p.Rows-p.Nulls {
		p.Withheld = "取值过多，不宜作图"
		return nil
	}
	p.Distinct = int64(len(counts))
	p.Plot = quality.Commonest(counts, units, total, p.Distinct)
	return nil
}
