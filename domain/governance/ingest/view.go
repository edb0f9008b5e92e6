package ingest

import (
	"context"
	"errors"
	"io"
	"unicode/utf8"

	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/read"
)

// ViewOptions say which part of a file to show. Rows is at most 500.
type ViewOptions struct {
	ProposeOptions
	From int64 // first record shown, from 1
	Rows int
}

// View is a file as it is beside how it would be read: what the page shows on
// which a person confirms the reading. It holds cells of the raw data and is
// for the source's own people only; it is never stored.
type View struct {
	Proposal *Proposal   `json:"proposal"`
	Sheets   []SheetView `json:"sheets"` // every sheet; for other kinds one without a name
	Rows     []ViewRow   `json:"rows"`   // records From and on, as they stand, blank ones too
	Merged   []read.Span `json:"merged"` // merged ranges that touch those rows
	More     bool        `json:"more"`   // there are records after them
}

// SheetView is how one sheet would be read.
type SheetView struct {
	Name   string `json:"name"`
	Chosen bool   `json:"chosen"`
	Rows   int64  `json:"records"` // that hold something
	Data   int64  `json:"data_rows"`
	Skip   int    `json:"skip"`
	Header int    `json:"header"`
	Region Region `json:"region"`
	Guess
}

// ViewRow is one record with what it is taken for.
type ViewRow struct {
	N     int64    `json:"n"`     // number of the record, or row of the sheet
	Cells []string `json:"cells"` // as they stand; longer ones are cut
	Cut   bool     `json:"cut,omitempty"`
	Is    string   `json:"is"`    // data, header, banner, section, note, total, blank, fields, or a flaw of the reader
	Label string   `json:"label"` // Is in words
	Guess          // how sure, and why; 100 and "" for plain data
}

const (
	maxViewRows  = 500
	maxViewCells = 200
	maxViewText  = 300
	// sheetLimit is how much of the sheets not chosen is looked at.
	sheetLimit = 5000
)

// ViewFile proposes a reading and shows the rows of a part of the file under
// it. With a Reading in the options it shows what that reading makes of the
// file, so that a person sees the effect of a correction before confirming.
func ViewFile(ctx context.Context, in Input, o ViewOptions) (*View, error) {
	p, src, look, err := propose(ctx, in, o.ProposeOptions)
	if err != nil {
		return nil, err
	}
	v := &View{Proposal: p, Rows: []ViewRow{}, Merged: []read.Span{}}
	if len(p.Sheets) == 0 {
		v.Sheets = []SheetView{sheetView(p, "", true)}
	}
	for _, name := range p.Sheets {
		if name == p.Sheet {
			v.Sheets = append(v.Sheets, sheetView(p, name, true))
			continue
		}
		other, err := ProposeWith(ctx, in, ProposeOptions{Entry: p.Entry, Sheet: name, Limit: sheetLimit})
		switch {
		case errors.Is(err, read.ErrEmpty):
			v.Sheets = append(v.Sheets, SheetView{Name: name, Guess: Guess{100, "空工作表"}})
		case err != nil:
			return nil, err
		default:
			v.Sheets = append(v.Sheets, sheetView(other, name, false))
		}
	}
	return v, v.show(ctx, in, *src, look, o)
}

func sheetView(p *Proposal, name string, chosen bool) SheetView {
	return SheetView{name, chosen, p.Records, p.Data, p.Skip, p.Header, p.Region, p.Guess}
}

// show reads the file once more for the rows asked for.
func (v *View) show(ctx context.Context, in Input, src pipeline.Source, look *inspection, o ViewOptions) error {
	f, err := in.Open()
	if err != nil {
		return err
	}
	from, want := max(o.From, 1), min(max(o.Rows, 1), maxViewRows)
	src.Merged, src.Missing, src.Columns = "", nil, nil // as they stand
	var rows read.Rows
	if v.Proposal.Kind.Book() {
		var book *read.Book
		q := Proposal{Kind: v.Proposal.Kind}
		if rows, book, err = q.sheet(watched(ctx, f), &src, v.Proposal.Sheet); err == nil {
			rows.Close()
			rows, err = book.Rows(v.Proposal.Sheet, false, nil)
		}
		if err == nil {
			v.spans(book, from, from+int64(want))
		}
	} else {
		rows, err = openRows(ctx, watched(ctx, f), &src, v.Proposal.Encoding)
	}
	if err != nil {
		f.Close()
		return err
	}
	defer rows.Close()
	filled := 0 // records before this one that hold something
	for {
		var r read.Row
		err := rows.Next(&r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		place := filled
		if !r.Blank() {
			filled++
		}
		if r.N < from && !(from == 1 && r.N == 0) {
			continue
		}
		if len(v.Rows) == want {
			v.More = true
			return nil
		}
		v.Rows = append(v.Rows, look.shown(&r, place))
	}
}

func (v *View) spans(b *read.Book, from, to int64) {
	for _, m := range b.Merged {
		if m.Bottom >= from && m.Top < to && len(v.Merged) < 2000 {
			v.Merged = append(v.Merged, m)
		}
	}
}

// shown is a record as it stands with what the inspection made of it.
func (in *inspection) shown(r *read.Row, place int) ViewRow {
	out := ViewRow{N: r.N, Cells: r.Cells(), Is: "data", Label: "数据行", Guess: Guess{100, ""}}
	if len(out.Cells) > maxViewCells {
		out.Cells, out.Cut = out.Cells[:maxViewCells], true
	}
	for i, c := range out.Cells {
		if utf8.RuneCountInString(c) > maxViewText {
			out.Cells[i], out.Cut = string([]rune(c)[:maxViewText])+"…", true
		}
	}
	g, marked := in.marks[r.N]
	if marked {
		out.Guess = g
	}
	switch {
	case r.Blank():
		out.Is, out.Label = "blank", "空行"
	case place < in.skip:
		out.Is, out.Label = string(ReasonBanner), ReasonBanner.Label()
	case place < in.skip+in.header:
		out.Is, out.Label = "header", "表头"
	default:
		if reason, why := in.stands(r); reason != "" {
			out.Is, out.Label = string(reason), reason.Label()
			if !marked {
				out.Guess = why
			}
		}
	}
	return out
}

// stands judges a record again, for the page. What the rows around it decided
// is kept in the findings.
func (in *inspection) stands(r *read.Row) (Reason, Guess) {
	for _, f := range in.finds {
		if f.Record == r.N {
			return f.Reason, f.Guess
		}
	}
	if len(in.finds) < maxFindings {
		return "", Guess{}
	}
	return in.judge(r.N, r.Cells(), r.Filled, r.Flaw)
}
