package pipeline

// Reading is the part of a declaration that a person confirms on the page
// that shows the sheet as it is: where the table stands and which rows are no
// data. The zero value is a table without header, banner and strays.
type Reading struct {
	Entry     string   `json:"entry,omitempty"`     // file of an archive
	Sheet     string   `json:"sheet,omitempty"`     // workbooks
	Skip      int      `json:"skip"`                // banner records before the header, blank ones not counted
	Header    int      `json:"header"`              // header records
	Merged    string   `json:"merged,omitempty"`    // "fill" repeats a merged cell over its range
	Missing   []string `json:"missing,omitempty"`   // words for "no value"
	Multiline bool     `json:"multiline,omitempty"` // line breaks inside cells are kept
	Strays    *Strays  `json:"strays,omitempty"`
	Rows      []RowIs  `json:"rows,omitempty"` // rows that the rules above take wrongly
}

// RowIs says of one record what it is: section, note, total or data. It
// outweighs Strays, but not the header, and not a record that cannot be read.
type RowIs struct {
	Row int64  `yaml:"row" json:"row"`
	Is  string `yaml:"is" json:"is"`
}

// Confirmed notes who confirmed the reading (确认人) and on which day. It is part
// of the declaration and so of its digest.
type Confirmed struct {
	By string `yaml:"by" json:"by"`
	On string `yaml:"on" json:"on"` // 2006-01-02
}

// rowKinds are what a RowIs may say.
var rowKinds = []string{"section", "note", "total", "data"}

// Reading takes the reading out of the source.
func (s *Source) Reading() Reading {
	return Reading{s.Entry, s.Sheet, s.Skip, s.Header, s.Merged, s.Missing, s.Multiline, s.Strays, s.Rows}
}

// SetReading puts a reading into the source.
func (s *Source) SetReading(r Reading) {
	s.Entry, s.Sheet, s.Skip, s.Header, s.Merged, s.Missing, s.Multiline, s.Strays, s.Rows = r.Entry, r.Sheet, r.Skip, r.Header, r.Merged, r.Missing, r.Multiline, r.Strays, r.Rows
}

// As tells what the record was said to be, if something was.
func (s *Source) As(row int64) (is string, ok bool) {
	for _, r := range s.Rows {
		if r.Row == row {
			return r.Is, true
		}
	}
	return "", false
}

func (c *checker) reading(s *Source) {
	c.must(len(s.Rows) <= 1000, "rows", "逐行指定不得超过 1000 行")
	seen := map[int64]bool{}
	for _, r := range s.Rows {
		c.must(r.Row >= 1 && !seen[r.Row], "rows", "行号从 1 起且不得重复")
		seen[r.Row] = true
		c.one("rows", r.Is, rowKinds...)
	}
	if s.Confirmed != nil {
		c.must(s.Confirmed.By != "" && len(s.Confirmed.By) <= 200, "confirmed.by", "应写明确认人")
		c.days(s.Confirmed.On, "")
	}
}
