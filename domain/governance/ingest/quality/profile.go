package quality

import (
	"math"
	"strconv"
)

// MinCell is the least number of rows, or of protected units where the table
// has them, that a value or a bin of a profile must stand for to be shown. A
// profile is shown to the source and to the operator, who both are persons
// beyond those who may read the data.
const MinCell = 10

// MaxTop bounds the values shown of a column.
const MaxTop = 20

// Count is a value and how many rows have it.
type Count struct {
	Value string `json:"value"`
	Rows  int64  `json:"rows"`
}

// Bin is a range of a histogram: From ≤ value < To. An empty From or To is an
// open end.
type Bin struct {
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	Rows int64  `json:"rows"`
}

// Plot is what of a column's values may be drawn. The rows of Bins, or of Top
// and OtherRows, add up to the rows that have a value, unless Withheld says why
// nothing is drawn.
type Plot struct {
	Bins      []Bin   `json:"bins,omitempty"`
	Top       []Count `json:"top,omitempty"`        // the commonest first
	OtherRows int64   `json:"other_rows,omitempty"` // rows whose value is not among Top
	Others    int64   `json:"others,omitempty"`     // how many such values, estimated
	Withheld  string  `json:"withheld,omitempty"`
}

// Spacing gives the edges of a histogram: between 10 and 25 bins from lo to hi, each a
// round number wide.
func Spacing(lo, hi float64, whole bool) (first, step float64, bins int) {
	span := hi - lo
	if !(span > 0) || math.IsInf(span, 0) {
		return math.Floor(lo), 1, 1
	}
	step = math.Pow(10, math.Floor(math.Log10(span/20)))
	for _, m := range []float64{1, 2, 5, 10} {
		if span/(step*m) <= 20 {
			step *= m
			break
		}
	}
	if whole {
		step = max(1, math.Round(step))
	}
	first = math.Floor(lo/step) * step
	return first, step, int(math.Floor((hi-first)/step)) + 1
}

// Edge writes the i-th edge without the noise of binary fractions.
func Edge(first, step float64, i int) string {
	return strconv.FormatFloat(math.Round((first+float64(i)*step)/step)*step, 'g', 12, 64)
}

// Cell is a bin before anything is withheld: rows, and protected units.
type Cell struct {
	Bin
	Units int64
}

// Merge joins each bin that stands for too few with the one after it, the last
// with the one before, so that no shown bin does. Bins of nobody stay. nil if
// all together are too few.
func Merge(cells []Cell) []Bin {
	var out []Cell
	small := false // the last of out stands for too few
	for _, c := range cells {
		if small {
			last := &out[len(out)-1]
			last.To, last.Rows, last.Units = c.To, last.Rows+c.Rows, last.Units+c.Units
		} else {
			out = append(out, c)
		}
		u := out[len(out)-1].Units
		small = u > 0 && u < MinCell
	}
	for small && len(out) > 1 {
		last := out[len(out)-1]
		out = out[:len(out)-1]
		p := &out[len(out)-1]
		p.To, p.Rows, p.Units = last.To, p.Rows+last.Rows, p.Units+last.Units
		small = p.Units < MinCell
	}
	if small {
		return nil
	}
	bins := make([]Bin, len(out))
	for i, c := range out {
		bins[i] = c.Bin
	}
	return bins
}

// Commonest keeps of the counts, the commonest first, those that stand for
// enough; total are the rows with a value and distinct the number of values. If
// what is left over stands for too few, the last shown goes with it: whoever
// knows the total would otherwise subtract.
func Commonest(counts []Count, units []int64, total, distinct int64) Plot {
	p := Plot{OtherRows: total, Others: distinct}
	restUnits := int64(0)
	for i, c := range counts {
		if len(p.Top) < MaxTop && units[i] >= MinCell {
			p.Top = append(p.Top, c)
			p.OtherRows -= c.Rows
			p.Others--
		} else {
			restUnits += units[i]
		}
	}
	if p.OtherRows > 0 && restUnits < MinCell && len(p.Top) > 0 && int64(len(counts)) == distinct {
		last := p.Top[len(p.Top)-1]
		p.Top = p.Top[:len(p.Top)-1]
		p.OtherRows += last.Rows
		p.Others++
	}
	if len(p.Top) == 0 {
		return Plot{Withheld: "各取值的记录都过少"}
	}
	p.Others = max(p.Others, 0)
	return p
}

// Draw takes the bins that may be shown, or says why none may. Empty ends go.
func (p *Plot) Draw(cells []Cell) {
	for len(cells) > 0 && cells[0].Rows == 0 {
		cells = cells[1:]
	}
	for len(cells) > 0 && cells[len(cells)-1].Rows == 0 {
		cells = cells[:len(cells)-1]
	}
	if p.Bins = Merge(cells); p.Bins == nil {
		p.Withheld = "记录过少，不作图"
	}
}
