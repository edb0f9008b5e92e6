package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"

	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/read"
)

// Proposal is what a file looks like and a first declaration for it, for a
// person to correct. It names columns and positions and shows no cell.
type Proposal struct {
	Kind      read.Kind          `json:"kind"`
	Encoding  read.Encoding      `json:"encoding,omitempty"`
	Delimiter string             `json:"delimiter,omitempty"`
	Quote     string             `json:"quote,omitempty"`
	Sheets    []string           `json:"sheets,omitempty"`
	Sheet     string             `json:"sheet,omitempty"`
	Records   int64              `json:"records"` // that hold something
	Skip      int                `json:"skip"`    // banner records before the header
	Header    int                `json:"header"`  // header records
	Data      int64              `json:"data_rows"`
	Columns   []ProposedColumn   `json:"columns"`
	NotData   []Finding          `json:"not_data"` // what would be quarantined, and why
	Missing   []string           `json:"missing,omitempty"`
	Notes     []string           `json:"notes,omitempty"`
	Pipeline  *pipeline.Pipeline `json:"pipeline"`
}

// ProposedColumn is a column with what its values look like.
type ProposedColumn struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`
	Formats    []string `json:"formats,omitempty"` // of dates, strptime
	Looks      string   `json:"looks,omitempty"`   // id_card, uscc, phone, person_name, address
	Identifier bool     `json:"identifier,omitempty"`
	Filled     int64    `json:"filled"`
	Rows       int64    `json:"rows"`
}

// Finding is a record that is no data.
type Finding struct {
	Record int64  `json:"record"`
	Reason Reason `json:"reason"`
	Label  string `json:"label"`
}

// maxFindings bounds what a proposal lists; the counts go on.
const maxFindings = 1000

// Propose reads a file and proposes how to govern it: kind, encoding, dialect,
// banner, header, rows that are no data, types, columns that look like direct
// identifiers, and a draft pipeline that runs as it stands. The draft labels
// every column forbidden: to let one be used is a decision.
func Propose(ctx context.Context, in Input) (*Proposal, error) { return ProposeSheet(ctx, in, "") }

// ProposeSheet is Propose for a named sheet of a workbook, "" for the first.
func ProposeSheet(ctx context.Context, in Input, sheet string) (*Proposal, error) {
	head, whole, err := headOf(in)
	if err != nil {
		return nil, err
	}
	if len(head) == 0 {
		return nil, read.ErrEmpty
	}
	p := &Proposal{Kind: read.KindOf(head), NotData: []Finding{}}
	src := pipeline.Source{Kind: string(p.Kind), Extra: "refuse"}
	if p.Kind == read.KindCSV {
		if p.Encoding, err = judge(ctx, in); err != nil {
			return nil, err
		}
		d := read.Sniff(head, p.Encoding, whole)
		p.Delimiter, p.Quote = d.Delimiter, string(d.Quote)
		src.Encoding, src.Delimiter, src.Quote = p.Encoding, d.Delimiter, p.Quote
	}
	f, err := in.Open()
	if err != nil {
		return nil, err
	}
	var rows read.Rows
	var book *read.Book
	m := &meter{r: f, c: f, ctx: ctx, progress: func(string, int64, int64) {}}
	if p.Kind == read.KindCSV {
		rows, err = openRows(m, &src, p.Encoding)
	} else if book, err = read.OpenBook(m, p.Kind, read.DefaultLimits); err == nil {
		p.Sheets = book.Sheets
		if len(book.Sheets) == 0 {
			return nil, read.ErrSheet
		}
		if p.Sheet = sheet; sheet == "" {
			p.Sheet = book.Sheets[0]
		}
		src.Sheet, src.Merged = p.Sheet, "fill"
		rows, err = book.Rows(p.Sheet, true, nil)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	defer rows.Close()
	look, err := inspect(rows, p.Kind == read.KindCSV)
	if err != nil {
		return nil, err
	}
	look.describe(p, &src)
	if book != nil {
		p.Notes = append(p.Notes, bookNotes(book)...)
	}
	p.Pipeline = draft(p, src)
	return p, nil
}

func headOf(in Input) (head []byte, whole bool, err error) {
	f, err := in.Open()
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	head = make([]byte, 256<<10)
	n, err := io.ReadFull(f, head)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return head[:n], true, nil
	case err != nil:
		return nil, false, read.ErrRead
	}
	return head, false, nil
}

func judge(ctx context.Context, in Input) (read.Encoding, error) {
	f, err := in.Open()
	if err != nil {
		return "", err
	}
	defer f.Close()
	return read.Judge(&meter{r: f, ctx: ctx, progress: func(string, int64, int64) {}})
}

func bookNotes(b *read.Book) []string {
	var notes []string
	if b.Formulas > 0 {
		notes = append(notes, fmt.Sprintf("有 %d 个公式单元格，只取保存时的结果，不作计算", b.Formulas))
	}
	if b.LongNums > 0 {
		notes = append(notes, fmt.Sprintf("有 %d 个单元格的长数字已被电子表格改写为科学计数，原值无法恢复，请以文本格式重新导出", b.LongNums))
	}
	if len(b.Sheets) > 1 {
		notes = append(notes, fmt.Sprintf("共有 %d 个可见工作表，本建议只针对其中一个", len(b.Sheets)))
	}
	return notes
}
