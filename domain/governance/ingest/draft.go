package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/read"
)

// describe writes what was found into the proposal and the source.
func (in *inspection) describe(p *Proposal, src *pipeline.Source) {
	p.Records, p.Data, p.Skip, p.Header = in.records, in.data, in.skip, in.header
	p.Partial, p.Sums = in.partial, in.sums.list
	if in.data > 0 {
		p.Region = Region{in.first, in.last, 1, len(in.names)}
	}
	p.Guess = in.overall()
	slices.SortFunc(in.finds, func(a, b Finding) int { return int(a.Record - b.Record) })
	p.NotData = append(p.NotData, in.finds...)
	missing := map[string]bool{}
	for i, l := range in.columns {
		c := ProposedColumn{Name: in.names[i], Filled: l.filled, Rows: l.rows}
		c.Type, c.Formats = l.typ(c.Name)
		c.Looks, c.Identifier = l.looks(c.Name)
		p.Columns = append(p.Columns, c)
		for m := range l.missing {
			// "none" and the like are an answer in a column of words.
			if c.Type != "text" || strings.Trim(m, "?-—/") == "" || strings.ContainsAny(m, "Nn") {
				missing[m] = true
			}
		}
	}
	p.Missing = slices.Sorted(maps.Keys(missing))
	src.Skip, src.Header, src.Missing, src.Multiline = in.skip, in.header, p.Missing, in.multi
	st := &pipeline.Strays{}
	if in.found[ReasonSection]+in.found[ReasonNote] > 0 {
		st.Filled, st.Notes = 1, noteWords
		if in.found[ReasonSection] > 0 {
			st.Section = "分节"
		}
	}
	if in.found[ReasonTotal] > 0 {
		st.Totals = totalWords
	}
	if st.Filled > 0 || len(st.Totals) > 0 {
		src.Strays = st
	}
	if in.data == 0 {
		p.Notes = append(p.Notes, "没有数据行")
	}
	if n := in.found[ReasonFields]; n > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d 行的字段数与表头不符", n))
	}
}

// overall is how sure the reader is of the reading as a whole: as sure as of
// its weakest part.
func (in *inspection) overall() Guess {
	g := in.header1
	switch {
	case in.data == 0:
		return Guess{20, "没有找到数据行"}
	case in.header == 0:
		g = Guess{60, "没有认出表头，字段名须由人填写"}
	}
	strange := 0
	for _, f := range in.finds {
		if f.Confidence < 75 {
			strange++
		}
	}
	if n := in.found[ReasonFields]; n*20 > in.data {
		return Guess{min(g.Confidence, 40), fmt.Sprintf("%s；%d 行与表头列数不符", g.Why, n)}
	}
	if strange > 0 {
		return Guess{min(g.Confidence, 70), fmt.Sprintf("%s；有 %d 行的判断须核对", g.Why, strange)}
	}
	return g
}

// draft makes a declaration that runs as it stands: everything trimmed, dates
// read, numbers of persons and organisations checked, direct identifiers
// replaced or left out, every column labelled forbidden.
func draft(p *Proposal, src pipeline.Source) *pipeline.Pipeline {
	d := &pipeline.Pipeline{Format: pipeline.Format, ID: "draft", Version: 1, Title: "建议稿，须经核对", Source: src}
	var rules []pipeline.Rule
	var masks []pipeline.MaskRule
	unit := ""
	d.Target.Table = "draft"
	d.Steps = []pipeline.Step{{Trim: &pipeline.Trim{Columns: []string{"*"}}}}
	for i, c := range p.Columns {
		key := fmt.Sprintf("c%d", i+1)
		d.Source.Columns = append(d.Source.Columns, pipeline.Column{Name: c.Name, As: key, Identifier: c.Identifier})
		if len(c.Formats) > 0 {
			d.Steps = append(d.Steps, pipeline.Step{Dates: &pipeline.Dates{Columns: []string{key}, Formats: c.Formats, Time: c.Type == "timestamp"}})
		}
		t := pipeline.TargetColumn{Name: key, Title: c.Name, Type: c.Type, Label: "forbidden"}
		if c.Looks != "" {
			t.Type = "text" // a number of a person or body is a name, and its pseudonym is text
		}
		switch c.Looks {
		case "id_card", "uscc":
			domain, unitDomain := "natural_person", "natural_person"
			if c.Looks == "uscc" {
				domain, unitDomain = "legal_entity", "legal_entity"
			}
			rules = append(rules, pipeline.Rule{ID: fmt.Sprintf("%s_%d", c.Looks, i+1), Kind: c.Looks, Column: key, OnFail: "report"})
			if c.Identifier {
				masks = append(masks, pipeline.MaskRule{Column: key, Kind: "pseudonym", Domain: domain})
			}
			if unit == "" && c.Identifier && c.Filled == c.Rows {
				unit, t.Label, t.Required = key, "unit", true
				d.Target.Unit, d.Target.UnitDomain = key, unitDomain
			}
		case "phone":
			rules = append(rules, pipeline.Rule{ID: fmt.Sprintf("phone_%d", i+1), Kind: "phone", Column: key, OnFail: "report"})
			masks = append(masks, pipeline.MaskRule{Column: key, Kind: "pseudonym", Domain: "phone"})
		case "person_name", "address":
			masks = append(masks, pipeline.MaskRule{Column: key, Kind: "suppress"})
			continue // left out of the target
		}
		d.Target.Columns = append(d.Target.Columns, t)
	}
	if src.Strays != nil && src.Strays.Section != "" {
		d.Target.Columns = append(d.Target.Columns, pipeline.TargetColumn{Name: "section", From: src.Strays.Section, Title: src.Strays.Section, Type: "text", Label: "forbidden"})
	}
	if len(rules) > 0 {
		d.Steps = append(d.Steps, pipeline.Step{Check: &pipeline.Check{Rules: rules}})
	}
	if len(masks) > 0 {
		d.Steps = append(d.Steps, pipeline.Step{Mask: &pipeline.Mask{Rules: masks}})
	}
	if p.Kind == read.KindCSV {
		d.Source.Encoding = read.Auto
	}
	return d
}
