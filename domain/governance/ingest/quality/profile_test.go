package quality

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestSpacing(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		whole  bool
		want   string
	}{
		{0, 100, true, "0 5 21"}, {0, 1, false, "0 0.05 21"}, {3, 9, true, "3 1 7"}, {-7, 993, false, "-50 50 21"}, {5, 5, true, "5 1 1"}, {1e6, 9e6, false, "1e+06 500000 17"},
	} {
		first, step, bins := Spacing(c.lo, c.hi, c.whole)
		if have := fmt.Sprint(first, " ", step, " ", bins); have != c.want {
			t.Errorf("%v to %v: %s, want %s", c.lo, c.hi, have, c.want)
		}
	}
	if e := Edge(0.1, 0.1, 2); e != "0.3" {
		t.Errorf("%s", e)
	}
}

// Whatever the counts, nothing small is shown, by itself or by subtraction,
// and what is shown adds up.
func TestNothingSmallIsShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Int64Range(0, 40), 1, 30).Draw(t, "rows")
		total := int64(0)
		var cells []Cell
		var counts []Count
		for i, n := range rows {
			total += n
			cells = append(cells, Cell{Bin{fmt.Sprint(i), fmt.Sprint(i + 1), n}, n})
			if n > 0 {
				counts = append(counts, Count{fmt.Sprint(i), n})
			}
		}
		sum := int64(0)
		bins := Merge(cells)
		for i, b := range bins {
			sum += b.Rows
			if b.Rows > 0 && b.Rows < MinCell || i > 0 && bins[i-1].To != b.From {
				t.Fatalf("%v", bins)
			}
		}
		if bins != nil && sum != total || bins == nil && total >= MinCell {
			t.Fatalf("%d of %d in %v", sum, total, bins)
		}
		for i := range counts { // the commonest first
			for j := i; j > 0 && counts[j].Rows > counts[j-1].Rows; j-- {
				counts[j], counts[j-1] = counts[j-1], counts[j]
			}
		}
		var units []int64
		for _, c := range counts {
			units = append(units, c.Rows)
		}
		p := Commonest(counts, units, total, int64(len(counts)))
		shown := p.OtherRows
		for _, c := range p.Top {
			shown += c.Rows
			if c.Rows < MinCell {
				t.Fatalf("%+v", p)
			}
		}
		if p.Withheld == "" && (shown != total || p.OtherRows > 0 && p.OtherRows < MinCell || (p.Others == 0) != (p.OtherRows == 0)) {
			t.Fatalf("%d: %+v", total, p)
		}
	})
}
