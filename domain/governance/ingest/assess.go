package ingest

import (
	"database/sql/driver"
	"fmt"
	"strings"

	"pado/domain/governance/ingest/engine"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/quality"
	"pado/domain/governance/ingest/read"
)

// assess builds the quality report: the rules' counts from the steps, the
// completeness and the profile of every column and the rules over the whole
// from the finished file, which is read back for it.
func (r *run) assess(file string, res *Result) (quality.Report, error) {
	rep := quality.New(res.Rows)
	r.readable(&rep, res)
	rule := 0
	for i := 1; i < len(res.Steps); i++ {
		s := res.Steps[i]
		for _, c := range s.Reasons {
			rep.Add(r.plan.Rules[rule].Dimension, quality.Rule{ID: c.ID, Label: c.Label, Column: c.Column, Step: s.Name, OnFail: c.OnFail,
				Ratio: quality.Of(s.In-c.Failed, s.In)})
			rule++
		}
	}
	r.reconciled(&rep, res)
	from := "read_parquet(" + pipeline.Text(file) + ")"
	if err := r.profile(from, &rep); err != nil {
		return rep, err
	}
	if err := r.plots(from, &rep); err != nil {
		return rep, err
	}
	for _, g := range r.p.Quality {
		if err := r.gate(from, g, &rep); err != nil {
			return rep, err
		}
	}
	return rep, nil
}

// readable is the accessibility of the delivery: records that could be read,
// of those that are not banners, notes or the like.
func (r *run) readable(rep *quality.Report, res *Result) {
	broken := int64(0)
	for _, f := range []Reason{ReasonFields, Reason(read.FlawControl), Reason(read.FlawEncoding), Reason(read.FlawQuote), Reason(read.FlawTooLong), Reason(read.FlawKeys), Reason(read.FlawJSON)} {
		broken += r.rejected[f]
	}
	n := res.Steps[0].Out
	rep.Add(pipeline.Accessibility, quality.Rule{ID: "readable", Label: "记录可读取", Step: res.Steps[0].Name, Ratio: quality.Of(n, n+broken)})
}

// reconciled is the consistency of the file with itself: figures it gives about
// its rows, held to the rows.
func (r *run) reconciled(rep *quality.Report, res *Result) {
	if r.sums == nil {
		return
	}
	res.Reconciled = r.sums.list
	for _, k := range []struct{ kind, id, label string }{{"section", "section_counts", "分节标注的行数与实际相符"}, {"total", "totals", "合计行与各行之和相符"}} {
		if n := r.sums.stated[k.kind]; n > 0 {
			rep.Add(pipeline.Consistency, quality.Rule{ID: k.id, Label: k.label, Step: res.Steps[0].Name, OnFail: "report", Ratio: quality.Of(r.sums.agreed[k.kind], n)})
		}
	}
}

// summable types have a mean, ordered ones a smallest and largest value.
func summable(t string) bool {
	return t == "integer" || t == "bigint" || t == "double" || strings.HasPrefix(t, "decimal")
}

func ordered(t string) bool { return summable(t) || t == "date" || t == "timestamp" }

func (r *run) profile(from string, rep *quality.Report) error {
	cols := r.p.Target.Columns
	exprs := []string{"count(*)"}
	for _, c := range cols {
		q := pipeline.Ident(c.Name)
		lo, hi, mean := "NULL", "NULL", "NULL"
		if c.Label == "public" && ordered(c.Type) {
			lo, hi = "min("+q+")::VARCHAR", "max("+q+")::VARCHAR"
			if summable(c.Type) {
				mean = "printf('%.4f', avg(" + q + "))"
			}
		}
		exprs = append(exprs, "count("+q+")", "approx_count_distinct("+q+")", lo, hi, mean)
	}
	return r.eng.Query(r.ctx, "SELECT "+strings.Join(exprs, ", ")+" FROM "+from, func(scan engine.Scanner) error {
		values := make([]cell, len(exprs))
		targets := make([]any, len(exprs))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := scan.Scan(targets...); err != nil {
			return err
		}
		rows := values[0].n
		if rows != rep.Rows {
			return ErrCount
		}
		for i, c := range cols {
			v := values[1+5*i:]
			p := quality.Column{Name: c.Name, Title: c.Title, Type: c.Type, Label: c.Label, Rows: rows, Nulls: rows - v[0].n,
				Distinct: min(v[1].n, v[0].n), Min: v[2].s, Max: v[3].s, Mean: v[4].s}
			rep.Columns = append(rep.Columns, p)
			rep.Add(pipeline.Completeness, quality.Rule{ID: "complete:" + c.Name, Label: "有值", Column: c.Name, Ratio: quality.Of(v[0].n, rows)})
		}
		return nil
	})
}

// cell takes a count or a text, NULL as zero.
type cell struct {
	n int64
	s string
}

// Scan implements sql.Scanner.
func (c *cell) Scan(v any) error {
	switch v := v.(type) {
	case nil:
	case int64:
		c.n = v
	case string:
		c.s = v
	case driver.Valuer:
		x, err := v.Value()
		if err != nil {
			return err
		}
		return c.Scan(x)
	default:
		return fmt.Errorf("scan a %T", v)
	}
	return nil
}

// gate judges one rule over the whole version.
func (r *run) gate(from string, g pipeline.Gate, rep *quality.Report) error {
	q, dim, label := r.gateSQL(from, g)
	if q == "" {
		return nil
	}
	if g.Dimension != "" {
		dim = pipeline.Dimension(g.Dimension)
	}
	if g.Label != "" {
		label = g.Label
	}
	column := g.Column
	if column == "" {
		column = strings.Join(g.Columns, "+")
	}
	return r.eng.Query(r.ctx, q, func(scan engine.Scanner) error {
		var num, den cell
		if err := scan.Scan(&num, &den); err != nil {
			return err
		}
		rep.Add(dim, quality.Rule{ID: g.ID, Label: label, Column: column, Ratio: quality.Of(num.n, den.n)})
		return nil
	})
}

// gateSQL is a query for numerator and denominator; "" if it cannot be judged.
func (r *run) gateSQL(from string, g pipeline.Gate) (q string, dim pipeline.Dimension, label string) {
	col := pipeline.Ident(g.Column)
	switch g.Kind {
	case "continuity":
		// Of the periods from the first to the last, those that have a row.
		trunc := "date_trunc(" + pipeline.Text(g.Step) + ", " + col + "::TIMESTAMP)"
		per := ""
		for _, p := range g.Per {
			per += ", " + pipeline.Ident(p)
		}
		group := ""
		if per != "" {
			group = " GROUP BY " + per[2:]
		}
		return "SELECT coalesce(sum(have), 0)::BIGINT, coalesce(sum(want), 0)::BIGINT FROM (SELECT count(DISTINCT t) AS have, date_diff(" + pipeline.Text(g.Step) +
			", min(t), max(t)) + 1 AS want FROM (SELECT " + trunc + " AS t" + per + " FROM " + from + " WHERE " + col + " IS NOT NULL)" + group + ")", pipeline.Completeness, "时间连续无缺口"
	case "fresh":
		if r.in.Received == "" {
			return "", "", ""
		}
		day := "DATE " + pipeline.Text(r.in.Received)
		return fmt.Sprintf("SELECT CASE WHEN max(%s)::DATE BETWEEN %s - %d AND %s THEN 1 ELSE 0 END::BIGINT, CASE WHEN count(*) > 0 THEN 1 ELSE 0 END::BIGINT FROM %s", col, day, g.Days, day, from),
			pipeline.Timeliness, "数据在期限内更新"
	case "within":
		var conds []string
		if g.Min != "" {
			conds = append(conds, col+"::DATE >= DATE "+pipeline.Text(g.Min))
		}
		if g.Max != "" {
			conds = append(conds, col+"::DATE <= DATE "+pipeline.Text(g.Max))
		}
		return "SELECT count(*) FILTER (WHERE " + strings.Join(conds, " AND ") + ")::BIGINT, count(" + col + ")::BIGINT FROM " + from, pipeline.Timeliness, "时间在数据所属期内"
	case "unique":
		var cols []string
		for _, c := range g.Columns {
			cols = append(cols, pipeline.Ident(c))
		}
		list := strings.Join(cols, ", ")
		return "SELECT count(*)::BIGINT, coalesce(sum(n), 0)::BIGINT FROM (SELECT count(*) AS n FROM " + from + " GROUP BY " + list + ")", pipeline.Accuracy, "记录不重复"
	}
	return "", "", ""
}
