package catalogue

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"pado/core/store"
)

// Question is what is looked for in the catalogue.
type Question struct {
	Text   string            // words of title, names, codes or description; all of them must be there
	Facets map[string]string // see Facets; empty values match everything
	Sees   []string          // source organisations whose withdrawn items are found too
	All    bool              // withdrawn items of everybody are found too
	Offset int
	Size   int // 1 to 1,000; 0 = 20
}

// Answer is one page of what was found, best first, with the number of items per value of each facet.
type Answer struct {
	Items  []string // ids
	Total  int
	Counts map[string]map[string]int // facet → value → items, under all other conditions
}

// Facets are the keys an item can be filtered by.
var Facets = []string{"grade", "share", "open", "authorise", "cycle", "format", "personal", "state", "source", "stale"}

// ErrNoIndex: there is no index to search, see Index.
var ErrNoIndex = fmt.Errorf("the catalogue has no index: %w", store.ErrNotFound)

// finely is how many of the best are put in order by how well their titles fit.
const finely = 200

// Find searches the index. Its cost grows with the number of terms and a 16,384th of the number of
// items, not with how many are found: totals and counts are exact. Items that have every word in the
// title come first, those that have them in title, names or codes second, all others last; within
// each the newest first, and among the first 200 titles that hold the question as it was typed.
func Find(r *store.ReadTx, q Question) (Answer, error) {
	a := Answer{Counts: map[string]map[string]int{}}
	if q.Size <= 0 {
		q.Size = 20
	}
	facets, err := readFacets(r)
	if err != nil {
		return a, err
	}
	if len(facets) == 0 {
		return a, ErrNoIndex
	}
	seen := set{}
	for v, s := range facets["state"] {
		if v == StatePublished || q.All {
			seen.union(s)
		}
	}
	for _, org := range q.Sees {
		if s := facets["source"][org]; s != nil {
			seen.union(s)
		}
	}
	ranks := []set{seen}
	if asked := wanted(q.Text); len(asked) > 0 {
		if ranks, err = ranked(r, asked, seen); err != nil {
			return a, err
		}
	} else if strings.TrimSpace(q.Text) != "" {
		ranks = []set{{}}
	}
	all := set{}
	for _, s := range ranks {
		all.union(s)
	}
	for _, f := range Facets {
		base := all
		for g, v := range q.Facets {
			if g != f && v != "" {
				base = base.and(facets[g][v])
			}
		}
		a.Counts[f] = map[string]int{}
		for v, s := range facets[f] {
			if n := base.common(s); n > 0 {
				a.Counts[f][v] = n
			}
		}
	}
	skip, take := q.Offset, q.Size
	for i, s := range ranks {
		for g, v := range q.Facets {
			if v != "" {
				s = s.and(facets[g][v])
			}
		}
		n := s.len()
		a.Total += n
		if n == 0 || take == 0 {
			continue
		}
		var ids []int
		if i == 0 && len(ranks) > 1 && skip < finely {
			if ids, err = byTitle(r, q.Text, s.newest(0, finely)); err != nil {
				return a, err
			}
			if len(ids) > skip {
				ids = ids[skip:]
			} else {
				ids = nil
			}
			if len(ids) < take {
				ids = append(ids, s.newest(max(skip, finely), take-len(ids))...)
			}
			ids = ids[:min(take, len(ids))]
		} else {
			ids = s.newest(skip, take)
		}
		skip, take = max(0, skip-n), take-len(ids)
		for _, x := range ids {
			a.Items = append(a.Items, itemID(x))
		}
	}
	return a, nil
}

func readFacets(r *store.ReadTx) (map[string]map[string]set, error) {
	var rows []indexRow
	if err := r.Select(&rows, `SELECT term, tier, block, bits FROM catalogue_index WHERE tier = 3`); err != nil {
		return nil, err
	}
	out := map[string]map[string]set{}
	for _, row := range rows {
		b, err := unpack(row.Bits)
		if err != nil {
			return nil, err
		}
		f, v, _ := strings.Cut(row.Term, "=")
		if out[f] == nil {
			out[f] = map[string]set{}
		}
		if out[f][v] == nil {
			out[f][v] = set{}
		}
		out[f][v][row.Block] = b
	}
	if len(out) == 0 {
		return out, nil
	}
	var late []string // what is stale moves with the clock and is not in the index
	if err := r.Select(&late, `SELECT item FROM catalogue_stale`); err != nil {
		return nil, err
	}
	stale := set{}
	for _, id := range late {
		if n, ok := number(id); ok {
			stale.put(n, true)
		}
	}
	out["stale"] = map[string]set{"yes": stale}
	return out, nil
}

// ranked finds what has all terms, by the tiers they stand in: all in the title, all in title or
// names, anywhere.
func ranked(r *store.ReadTx, asked []string, seen set) ([]set, error) {
	var args []any
	var in []string
	for _, t := range asked {
		args = append(args, t)
		in = append(in, fmt.Sprint("$", len(args)))
	}
	var rows []indexRow
	if err := r.Select(&rows, `SELECT term, tier, block, bits FROM catalogue_index WHERE term IN (`+strings.Join(in, ",")+`) AND tier < 3`, args...); err != nil {
		return nil, err
	}
	within := make([]map[string]set, tierFacet) // up to tier → term → items
	for i := range within {
		within[i] = map[string]set{}
		for _, t := range asked {
			within[i][t] = set{}
		}
	}
	for _, row := range rows {
		b, err := unpack(row.Bits)
		if err != nil {
			return nil, err
		}
		for i := row.Tier; i < tierFacet; i++ {
			within[i][row.Term].or(row.Block, b)
		}
	}
	var out []set
	before := set{}
	for i := range within {
		s := seen
		for _, t := range asked {
			s = s.and(within[i][t])
		}
		out = append(out, s.without(before))
		before = s
	}
	return out, nil
}

// byTitle orders items by how well the title fits the question, otherwise keeping their order.
func byTitle(r *store.ReadTx, text string, ids []int) ([]int, error) {
	var args []any
	var in []string
	for _, n := range ids {
		args = append(args, itemID(n))
		in = append(in, fmt.Sprint("$", len(args)))
	}
	var rows []struct{ ID, Title string }
	if err := r.Select(&rows, `SELECT id, title FROM catalogue_item WHERE id IN (`+strings.Join(in, ",")+`)`, args...); err != nil {
		return nil, err
	}
	flat := func(s string) string { return strings.ToLower(norm.NFKC.String(strings.TrimSpace(s))) }
	asked := flat(text)
	fit := map[int]int{}
	for _, row := range rows {
		n, _ := number(row.ID)
		title := flat(row.Title)
		switch {
		case title == asked:
			fit[n] = -1_000_000
		case strings.HasPrefix(title, asked):
			fit[n] = utf8.RuneCountInString(title) - 20_000
		case strings.Contains(title, asked):
			fit[n] = utf8.RuneCountInString(title) - 10_000
		}
	}
	out := append([]int(nil), ids...)
	sort.SliceStable(out, func(i, j int) bool { return fit[out[i]] < fit[out[j]] })
	return out, nil
}
