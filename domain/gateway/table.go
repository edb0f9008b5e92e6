package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"sync/atomic"
)

// Table is one released artefact in memory, ready to answer. Rows are kept as
// the JSON they leave in; columns a parameter compares with are kept as values
// too, hashed for equality and sorted for ranges. Immutable.
type Table struct {
	product string
	release string
	mark    uint32 // first bytes of the release, part of every cursor
	columns []Column
	visible map[string]int // visible column → place among the visible
	data    []byte         // `"name":value` fragments of the visible columns, row after row
	ends    []uint64       // end of fragment (row*len(visible)+place)
	rows    int
	cells   map[string][]Value             // compared columns
	equal   map[string]map[string][]uint32 // column → value → rows, ascending
	sorted  map[string][]uint32            // ordered column → non-null rows by value
}

// ArtefactDigest is the SHA-256 of an artefact as a release names it.
func ArtefactDigest(artefact []byte) string {
	sum := sha256.Sum256(artefact)
	return hex.EncodeToString(sum[:])
}

// LoadTable reads a released artefact. The digest of the very bytes decoded
// must be the product's release: nothing unreviewed is ever served (6.3.4).
// Rows must hold exactly the declared columns.
func LoadTable(p *Product, artefact []byte, decode Decoder) (*Table, error) {
	if ArtefactDigest(artefact) != p.Release {
		return nil, fmt.Errorf("load product %s: the artefact is not the registered release", p.ID)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("load product %s: %w", p.ID, err)
	}
	t := &Table{
		product: p.ID,
		release: p.Release,
		columns: slices.Clone(p.Columns),
		visible: map[string]int{},
		cells:   map[string][]Value{},
		equal:   map[string]map[string][]uint32{},
		sorted:  map[string][]uint32{},
	}
	mark, err := hex.DecodeString(p.Release[:8])
	if err != nil {
		return nil, fmt.Errorf("load product %s: release is no digest", p.ID)
	}
	t.mark = binary.BigEndian.Uint32(mark)
	for _, c := range t.columns {
		if !c.Hidden {
			t.visible[c.Name] = len(t.visible)
		}
	}
	for _, q := range p.Params {
		if q.Column == "" {
			continue
		}
		t.cells[q.Column] = nil
		if q.Op == Equal {
			t.equal[q.Column] = map[string][]uint32{}
		} else {
			t.sorted[q.Column] = nil
		}
	}
	err = decode(artefact, func(row map[string]any) error { return t.add(row) })
	if err != nil {
		return nil, fmt.Errorf("load product %s: row %d: %w", p.ID, t.rows+1, err)
	}
	for name := range t.sorted {
		t.sorted[name] = t.order(name)
	}
	return t, nil
}

func (t *Table) add(row map[string]any) error {
	if t.rows == maxRows {
		return fmt.Errorf("more than %d rows", maxRows)
	}
	if len(row) != len(t.columns) {
		return fmt.Errorf("%d columns instead of %d", len(row), len(t.columns))
	}
	for _, c := range t.columns {
		raw, ok := row[c.Name]
		if !ok {
			return fmt.Errorf("column %q is missing", c.Name)
		}
		v, text, err := cell(c, raw)
		if err != nil {
			return err
		}
		if !c.Hidden {
			t.data = appendFragment(t.data, c, v, text)
			t.ends = append(t.ends, uint64(len(t.data)))
		}
		if _, compared := t.cells[c.Name]; !compared {
			continue
		}
		t.cells[c.Name] = append(t.cells[c.Name], v)
		if index, ok := t.equal[c.Name]; ok && v.kind != "" {
			index[v.text] = append(index[v.text], uint32(t.rows))
		}
	}
	t.rows++
	return nil
}

func (t *Table) order(column string) []uint32 {
	cells := t.cells[column]
	rows := make([]uint32, 0, len(cells))
	for i, v := range cells {
		if v.kind != "" {
			rows = append(rows, uint32(i))
		}
	}
	slices.SortStableFunc(rows, func(a, b uint32) int { return cells[a].compare(cells[b]) })
	return rows
}

// Rows is the number of rows.
func (t *Table) Rows() int { return t.rows }

// lookup answers from the rows at or behind the cursor, in the artefact's order.
func (t *Table) lookup(q *Query) (Page, error) {
	from, err := t.position(q.Cursor)
	if err != nil {
		return Page{}, err
	}
	places, err := t.places(q.Columns)
	if err != nil {
		return Page{}, err
	}
	for _, f := range q.Filters {
		if _, ok := t.cells[f.Column]; !ok {
			return Page{}, fmt.Errorf("gateway: column %q is not compared in this release", f.Column)
		}
	}
	page := Page{Rows: []byte{'['}}
	take := func(row uint32) bool { // false: the page is full and this row begins the next
		if !t.matches(row, q.Filters) {
			return true
		}
		if page.Count == q.Limit {
			page.Next = t.cursor(uint64(row))
			return false
		}
		if page.Count > 0 {
			page.Rows = append(page.Rows, ',')
		}
		page.Rows = t.appendRow(page.Rows, row, places)
		page.Count++
		return true
	}
	if rows, ok := t.candidates(q.Filters); ok {
		at := sort.Search(len(rows), func(i int) bool { return uint64(rows[i]) >= from })
		for _, row := range rows[at:] {
			if !take(row) {
				break
			}
		}
	} else {
		for row := from; row < uint64(t.rows); row++ {
			if !take(uint32(row)) {
				break
			}
		}
	}
	page.Rows = append(page.Rows, ']')
	return page, nil
}

// candidates is the shortest list of rows, ascending, that holds every match;
// false when reading all rows in order is as good.
func (t *Table) candidates(filters []Filter) ([]uint32, bool) {
	var best []uint32
	found := false
	for _, f := range filters {
		if f.Op == Equal {
			rows := t.equal[f.Column][f.Value.text]
			if !found || len(rows) < len(best) {
				best, found = rows, true
			}
		}
	}
	if found {
		return best, true
	}
	for _, f := range filters {
		rows := t.between(f)
		if !found || len(rows) < len(best) {
			best, found = rows, true
		}
	}
	// Sorting a wide range for every page costs more than walking the table,
	// where a wide range also fills the page soon.
	if !found || len(best) > t.rows/64+16 {
		return nil, false
	}
	best = slices.Clone(best)
	slices.Sort(best)
	return best, true
}

func (t *Table) between(f Filter) []uint32 {
	rows, cells := t.sorted[f.Column], t.cells[f.Column]
	if f.Op == AtLeast {
		at := sort.Search(len(rows), func(i int) bool { return cells[rows[i]].compare(f.Value) >= 0 })
		return rows[at:]
	}
	at := sort.Search(len(rows), func(i int) bool { return cells[rows[i]].compare(f.Value) > 0 })
	return rows[:at]
}

func (t *Table) matches(row uint32, filters []Filter) bool {
	for _, f := range filters {
		v := t.cells[f.Column][row]
		if v.kind == "" {
			return false
		}
		switch f.Op {
		case Equal:
			if v.text != f.Value.text {
				return false
			}
		case AtLeast:
			if v.compare(f.Value) < 0 {
				return false
			}
		default:
			if v.compare(f.Value) > 0 {
				return false
			}
		}
	}
	return true
}

func (t *Table) places(columns []string) ([]int, error) {
	places := make([]int, 0, len(columns))
	for _, c := range columns {
		at, ok := t.visible[c]
		if !ok {
			return nil, fmt.Errorf("gateway: column %q is not in this release", c)
		}
		places = append(places, at)
	}
	return places, nil
}

func (t *Table) appendRow(dst []byte, row uint32, places []int) []byte {
	dst = append(dst, '{')
	for i, place := range places {
		if i > 0 {
			dst = append(dst, ',')
		}
		at := int(row)*len(t.visible) + place
		start := uint64(0)
		if at > 0 {
			start = t.ends[at-1]
		}
		dst = append(dst, t.data[start:t.ends[at]]...)
	}
	return append(dst, '}')
}

func (t *Table) cursor(row uint64) string {
	var b [12]byte
	binary.BigEndian.PutUint32(b[:], t.mark)
	binary.BigEndian.PutUint64(b[4:], row)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (t *Table) position(cursor string) (uint64, error) {
	if cursor == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) != 12 || binary.BigEndian.Uint32(b) != t.mark {
		return 0, ErrCursor
	}
	row := binary.BigEndian.Uint64(b[4:])
	if row >= uint64(t.rows) {
		return 0, ErrCursor
	}
	return row, nil
}

// Shelf is the Source of released tables: one release per product, swapped in
// one step.
type Shelf struct {
	tables atomic.Pointer[map[string]*Table]
}

// Put serves a table in place of the product's earlier release.
func (s *Shelf) Put(t *Table) { s.change(func(m map[string]*Table) { m[t.product] = t }) }

// Remove stops serving a product.
func (s *Shelf) Remove(product string) { s.change(func(m map[string]*Table) { delete(m, product) }) }

func (s *Shelf) change(f func(map[string]*Table)) {
	for {
		old := s.tables.Load()
		next := map[string]*Table{}
		if old != nil {
			for k, v := range *old {
				next[k] = v
			}
		}
		f(next)
		if s.tables.CompareAndSwap(old, &next) {
			return
		}
	}
}

// Release is the release served for a product, false for none.
func (s *Shelf) Release(product string) (string, bool) {
	if m := s.tables.Load(); m != nil {
		if t, ok := (*m)[product]; ok {
			return t.release, true
		}
	}
	return "", false
}

// Lookup implements Source.
func (s *Shelf) Lookup(ctx context.Context, q *Query) (Page, error) {
	if err := ctx.Err(); err != nil {
		return Page{}, err
	}
	m := s.tables.Load()
	if m == nil {
		return Page{}, ErrNotLoaded
	}
	t, ok := (*m)[q.Product]
	if !ok || t.release != q.Release {
		return Page{}, ErrNotLoaded
	}
	return t.lookup(q)
}
