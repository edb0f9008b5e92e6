package catalogue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"pado/core/store"
)

var indexTable = store.Scratchpad("catalogue_index")

// number is the running number in an item's id; false for ids the catalogue did not give.
func number(id string) (int, bool) {
	var n int
	_, err := fmt.Sscanf(id, "it-%06d", &n)
	return n, err == nil && itemID(n) == id
}

func itemID(n int) string { return fmt.Sprintf("it-%06d", n) }

// posting is which items a row of the index gains and loses, by block.
type posting struct{ gain, lose set }

// postings gathers changes of the index before they are written row by row.
type postings map[key]*posting

func (p postings) at(k key) *posting {
	x := p[k]
	if x == nil {
		x = &posting{set{}, set{}}
		p[k] = x
	}
	return x
}

// change notes that item n stood in the rows of before and now stands in those of after.
func (p postings) change(n int, before, after map[key]bool) {
	for k := range before {
		if !after[k] {
			p.at(k).lose.put(n, true)
		}
	}
	for k := range after {
		if !before[k] {
			p.at(k).gain.put(n, true)
		}
	}
}

type execer func(query string, args ...any) error

// rowsAtOnce is how many rows of the index one statement reads or writes.
const rowsAtOnce = 100

type indexRow struct {
	Term  string
	Tier  int
	Block int
	Bits  []byte
}

// write merges the postings into the index. fresh says that the rows cannot be there yet.
func (p postings) write(r *store.ReadTx, exec execer, fresh bool) error {
	type cell struct {
		key
		block int
	}
	var cells []cell
	for k, x := range p {
		blocks := map[int]bool{}
		for b := range x.gain {
			blocks[b] = true
		}
		for b := range x.lose {
			blocks[b] = true
		}
		for b := range blocks {
			cells = append(cells, cell{k, b})
		}
	}
	sort.Slice(cells, func(i, j int) bool {
		a, b := cells[i], cells[j]
		if a.term != b.term {
			return a.term < b.term
		}
		if a.tier != b.tier {
			return a.tier < b.tier
		}
		return a.block < b.block
	})
	for part := range slices.Chunk(cells, rowsAtOnce) {
		have := map[cell]*block{}
		if !fresh {
			var args []any
			var in []string
			seen := map[string]bool{}
			for _, c := range part {
				if !seen[c.term] {
					seen[c.term] = true
					args = append(args, c.term)
					in = append(in, fmt.Sprint("$", len(args)))
				}
			}
			var rows []indexRow
			if err := r.Select(&rows, `SELECT term, tier, block, bits FROM catalogue_index WHERE term IN (`+strings.Join(in, ",")+`)`, args...); err != nil {
				return err
			}
			for _, row := range rows {
				b, err := unpack(row.Bits)
				if err != nil {
					return err
				}
				have[cell{key{row.Term, row.Tier}, row.Block}] = b
			}
		}
		var args []any
		var values []string
		for _, c := range part {
			b := have[c]
			if b == nil {
				b = &block{}
			}
			x := p[c.key]
			if g := x.gain[c.block]; g != nil {
				for i := range b {
					b[i] |= g[i]
				}
			}
			if l := x.lose[c.block]; l != nil {
				for i := range b {
					b[i] &^= l[i]
				}
			}
			n := len(args)
			values = append(values, fmt.Sprintf("($%d,$%d,$%d,$%d)", n+1, n+2, n+3, n+4))
			args = append(args, c.term, c.tier, c.block, b.pack())
		}
		if err := exec(`INSERT INTO catalogue_index (term, tier, block, bits) VALUES `+strings.Join(values, ",")+`
			ON CONFLICT (term, tier, block) DO UPDATE SET bits = excluded.bits`, args...); err != nil {
			return err
		}
	}
	return nil
}

// Bulk is many changes of the catalogue in one transaction: the index is written once, at the end.
type Bulk struct {
	w     *store.Tx
	p     postings
	names map[string]string // of sources, by id
}

// InBulk makes many changes of the catalogue. No item may be changed twice.
func InBulk(w *store.Tx, f func(*Bulk) error) error {
	b := &Bulk{w, postings{}, map[string]string{}}
	if err := f(b); err != nil || len(b.p) == 0 {
		return err
	}
	return b.p.write(&w.ReadTx, func(q string, args ...any) error { _, err := w.Exec(q, args...); return err }, false)
}

// reindex notes how an item stood and how it stands. The counter of the catalogue is locked first, so
// that two transactions never merge into the same row at once.
func (b *Bulk) reindex(before, after *Item) error {
	at := after
	if at == nil {
		at = before
	}
	n, ok := number(at.ID)
	if !ok {
		return nil
	}
	if len(b.names) == 0 {
		if err := b.w.Lock("counter", "name", "catalogue"); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	source, known := b.names[at.SourceOrg]
	if !known {
		var err error
		if source, err = sourceName(&b.w.ReadTx, at.SourceOrg); err != nil {
			return err
		}
		b.names[at.SourceOrg] = source
	}
	var was, is map[key]bool
	if before != nil {
		was = before.keys(source)
	}
	if after != nil {
		is = after.keys(source)
	}
	b.p.change(n, was, is)
	return nil
}

func sourceName(r *store.ReadTx, org string) (string, error) {
	var name string
	err := r.Get(&name, `SELECT name FROM org WHERE id = $1`, org)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return name, err
}

// Index builds the index anew from the items when there is none, as after a restore or when the
// records are older than the index. It is one transaction: searched is the old state or the new one.
func Index(ctx context.Context, db *store.DB) error {
	var there, items bool
	if err := db.View(ctx, func(r *store.ReadTx) (err error) {
		if there, err = r.Exists(`SELECT 1 FROM catalogue_index`); err == nil {
			items, err = r.Exists(`SELECT 1 FROM catalogue_item`)
		}
		return err
	}); err != nil || there || !items {
		return err
	}
	return db.Scratch(ctx, func(s *store.ScratchTx) error {
		exec := func(q string, args ...any) error { _, err := s.Exec(indexTable, q, args...); return err }
		if err := exec(`DELETE FROM catalogue_index WHERE tier >= 0`); err != nil {
			return err
		}
		p, at, begun := postings{}, -1, map[int]bool{}
		flush := func() error {
			err := p.write(&s.ReadTx, exec, !begun[at])
			begun[at] = true
			p = postings{}
			return err
		}
		if err := eachItem(&s.ReadTx, func(n int, it Item, source string) error {
			if b := n / blockItems; b != at {
				if err := flush(); err != nil {
					return err
				}
				at = b
			}
			p.change(n, nil, it.keys(source))
			return nil
		}); err != nil {
			return err
		}
		return flush()
	})
}

// eachItem calls f for every item with a number of the catalogue, with its fields and its source's name.
func eachItem(r *store.ReadTx, f func(n int, it Item, source string) error) error {
	var orgs []struct{ ID, Name string }
	if err := r.Select(&orgs, `SELECT id, name FROM org`); err != nil {
		return err
	}
	names := map[string]string{}
	for _, o := range orgs {
		names[o.ID] = o.Name
	}
	const batch = 500
	for last := ""; ; {
		var items []Item
		if err := r.Select(&items, `SELECT `+itemColumns+` FROM catalogue_item WHERE id > $1 ORDER BY id LIMIT $2`, last, batch); err != nil || len(items) == 0 {
			return err
		}
		var fields []Field
		if err := r.Select(&fields, `SELECT `+fieldColumns+` FROM catalogue_field WHERE item >= $1 AND item <= $2 ORDER BY item, n`, items[0].ID, items[len(items)-1].ID); err != nil {
			return err
		}
		of := map[string][]Field{}
		for _, x := range fields {
			of[x.Item] = append(of[x.Item], x)
		}
		for _, it := range items {
			it.Fields = of[it.ID]
			if n, ok := number(it.ID); ok {
				if err := f(n, it, names[it.SourceOrg]); err != nil {
					return err
				}
			}
		}
		last = items[len(items)-1].ID
	}
}
