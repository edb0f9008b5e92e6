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
	Archive   string             `json:"archive,omitempty"` // "zip"
	Entries   []read.ZipEntry    `json:"entries,omitempty"`
	Entry     string             `json:"entry,omitempty"`
	Delimiter string             `json:"delimiter,omitempty"`
	Quote     string             `json:"quote,omitempty"`
	Sheets    []string           `json:"sheets,omitempty"`
	Sheet     string             `json:"sheet,omitempty"`
	Records   int64              `json:"records"` // that hold something
	Skip      int                `json:"skip"`    // banner records before the header
	Header    int                `json:"header"`  // header records
	Data      int64              `json:"data_rows"`
	Region    Region             `json:"region"`
	Guess                        // of banner, header and region as a whole
	Partial   bool               `json:"partial,omitempty"`    // only the first records were looked at
	Sums      []Reconciled       `json:"reconciled,omitempty"` // figures of the file held to its rows
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
	Guess
}

// Guess is how sure the reader is of a finding, in percent, and why.
type Guess struct {
	Confidence int    `json:"confidence"`
	Why        string `json:"why"`
}

// maxFindings bounds what a proposal lists; the counts go on.
const maxFindings = 1000

// Region is where the data stand: records and columns from 1, inclusive; all
// zero if there are none.
type Region struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
	Left  int   `json:"left"`
	Right int   `json:"right"`
}

// ProposeOptions say what of a file to propose for. The zero value is the
// first table, whole, guessed.
type ProposeOptions struct {
	Entry   string            // file of an archive
	Sheet   string            // of a workbook
	Limit   int64             // look at so many records only; 0 for all
	Reading *pipeline.Reading // take this reading instead of guessing one; its Entry and Sheet count
}

// Propose reads a file and proposes how to govern it: kind, encoding, dialect,
// banner, header, rows that are no data, types, columns that look like direct
// identifiers, and a draft pipeline that runs as it stands. The draft labels
// every column forbidden: to let one be used is a decision.
func Propose(ctx context.Context, in Input) (*Proposal, error) {
	return ProposeWith(ctx, in, ProposeOptions{})
}

// ProposeWith is Propose with options.
func ProposeWith(ctx context.Context, in Input, o ProposeOptions) (*Proposal, error) {
	p, _, _, err := propose(ctx, in, o)
	return p, err
}

func propose(ctx context.Context, in Input, o ProposeOptions) (*Proposal, *pipeline.Source, *inspection, error) {
	p, src, err := recognise(ctx, in, &o)
	if err != nil {
		return nil, nil, nil, err
	}
	look, err := p.inspect(ctx, in, &src, o)
	if err != nil {
		return nil, nil, nil, err
	}
	look.describe(p, &src)
	if o.Reading != nil {
		r := *o.Reading
		r.Entry, r.Sheet = src.Entry, src.Sheet
		src.SetReading(r)
	}
	p.Pipeline = draft(p, src)
	return p, &src, look, nil
}

// recognise finds kind, container, encoding, dialect and sheets.
func recognise(ctx context.Context, in Input, o *ProposeOptions) (*Proposal, pipeline.Source, error) {
	src := pipeline.Source{Extra: "refuse"}
	if o.Reading != nil {
		o.Entry, o.Sheet = o.Reading.Entry, o.Reading.Sheet
	}
	head, whole, err := headOf(in)
	if err != nil {
		return nil, src, err
	}
	if len(head) == 0 {
		return nil, src, read.ErrEmpty
	}
	p := &Proposal{Kind: read.KindOf(head), NotData: []Finding{}}
	if p.Kind == read.KindZIP {
		if head, whole, err = p.enter(ctx, in, o, &src); err != nil {
			return nil, src, err
		}
		p.Kind = read.KindOf(head)
		if p.Kind == read.KindZIP {
			return nil, src, read.ErrFormat // an archive in the archive
		}
	}
	src.Kind = string(p.Kind)
	if p.Kind == read.KindCSV {
		f, err := in.Open()
		if err != nil {
			return nil, src, err
		}
		if p.Encoding, err = judgeEncoding(watched(ctx, f), &src); err != nil {
			return nil, src, err
		}
		d := read.Sniff(head, p.Encoding, whole)
		p.Delimiter, p.Quote = d.Delimiter, string(d.Quote)
		src.Encoding, src.Delimiter, src.Quote = p.Encoding, d.Delimiter, p.Quote
	}
	return p, src, nil
}

// enter opens an archive and picks the table in it.
func (p *Proposal) enter(ctx context.Context, in Input, o *ProposeOptions, src *pipeline.Source) (head []byte, whole bool, err error) {
	f, err := in.Open()
	if err != nil {
		return nil, false, err
	}
	a, err := read.OpenZip(watched(ctx, f), read.DefaultLimits)
	if err != nil {
		return nil, false, err
	}
	p.Archive, src.Archive, p.Entries = "zip", "zip", a.Entries
	if p.Entry = o.Entry; o.Entry == "" {
		p.Entry = a.Entries[0].Name
		if len(a.Entries) > 1 {
			p.Notes = append(p.Notes, fmt.Sprintf("压缩包内共有 %d 个文件，本建议只针对其中一个", len(a.Entries)))
		}
	} else if p.Entry, err = a.Find(o.Entry); err != nil {
		return nil, false, err
	}
	src.Entry = p.Entry
	e, err := a.Open(p.Entry)
	if err != nil {
		return nil, false, err
	}
	defer e.Close()
	return headFrom(e)
}

// inspect reads the table that src names.
func (p *Proposal) inspect(ctx context.Context, in Input, src *pipeline.Source, o ProposeOptions) (*inspection, error) {
	f, err := in.Open()
	if err != nil {
		return nil, err
	}
	var rows read.Rows
	if p.Kind.Book() {
		var book *read.Book
		if rows, book, err = p.sheet(watched(ctx, f), src, o.Sheet); err == nil {
			p.Notes = append(p.Notes, bookNotes(book)...)
		}
	} else {
		rows, err = openRows(ctx, watched(ctx, f), src, p.Encoding)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	defer rows.Close()
	var force *pipeline.Source
	if o.Reading != nil {
		force = &pipeline.Source{}
		force.SetReading(*o.Reading)
	} else if p.Kind == read.KindParquet || p.Kind == read.KindJSONL {
		force = &pipeline.Source{Header: 1}
	}
	return inspect(rows, p.Kind == read.KindCSV, force, o.Limit)
}

// sheet opens the workbook's sheet to look at.
func (p *Proposal) sheet(f io.ReadCloser, src *pipeline.Source, sheet string) (read.Rows, *read.Book, error) {
	f, err := unpack(f, src)
	if err != nil {
		return nil, nil, err
	}
	book, err := read.OpenBook(f, p.Kind, read.DefaultLimits)
	if err != nil {
		return nil, nil, err
	}
	if p.Sheets = book.Sheets; len(book.Sheets) == 0 {
		return nil, nil, read.ErrSheet
	}
	if p.Sheet = sheet; sheet == "" {
		p.Sheet = book.Sheets[0]
	}
	src.Sheet, src.Merged = p.Sheet, "fill"
	rows, err := book.Rows(p.Sheet, true, nil)
	return rows, book, err
}

// watched stops a reading when its context ends.
func watched(ctx context.Context, f io.ReadCloser) io.ReadCloser {
	return &meter{r: f, c: f, ctx: ctx, progress: func(string, int64, int64) {}}
}

func headOf(in Input) (head []byte, whole bool, err error) {
	f, err := in.Open()
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	return headFrom(f)
}

func headFrom(f io.Reader) (head []byte, whole bool, err error) {
	head = make([]byte, 256<<10)
	n, err := io.ReadFull(f, head)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return head[:n], true, nil
	case errors.Is(err, read.ErrTruncated):
		return nil, false, err
	case err != nil:
		return nil, false, read.ErrRead
	}
	return head, false, nil
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
