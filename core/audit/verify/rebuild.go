package verify

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
)

const (
	chunkLevel = 12
	chunkSize  = 1 << chunkLevel
)

// errChanged says that a source showed two different things for one place.
var errChanged = errors.New("verify: the source changed while it was read")

// batch is up to chunkSize consecutive leaves on their way through a worker.
type batch struct {
	rows []Row
	done chan struct{}

	hashes []pair     // leaf hashes, kept for the last batch only
	root   pair       // of a full batch
	leaves []leafView // what the sequential checks need of each row
}

// leafView is one row after the checks that need no neighbour.
type leafView struct {
	seq    int64
	form   bool // the public leaf has the published form
	coarse string
	state  bodyState
	record *Record // nil when there is no readable body
	stray  string  // the first column beside the body that says something else
}

type bodyState uint8

const (
	bodyHidden   bodyState = iota // not shown
	bodyProven                    // matches the leaf
	bodyUnproven                  // shown, but no salt
	bodyWrong                     // does not match the leaf
	bodyGarbled                   // matches the leaf or has no salt, and is not in the published form
)

func examine(row Row, names nameTable) leafView {
	v := leafView{seq: row.Seq}
	p, ok := parseLeaf(row.Public, names)
	v.form, v.coarse = ok, p.coarse
	if !ok {
		return v
	}
	if len(row.Body) == 0 {
		if row.Columns != nil {
			v.stray = row.Columns.strays(p.coarse, nil)
		}
		return v
	}
	v.state = bodyUnproven
	if len(row.Salt) > 0 || len(row.Opening) > 0 {
		v.state = bodyProven
		if !p.openBody(row.Body, row.Salt, row.Opening) {
			v.state = bodyWrong
			return v
		}
	}
	r, err := parseBody(row.Body)
	if err != nil || r.Coarse() != p.coarse {
		v.state = bodyGarbled
		return v
	}
	r.Proven = v.state == bodyProven
	v.record = &r
	if row.Columns != nil {
		v.stray = row.Columns.strays(p.coarse, &r)
	}
	return v
}

// bench is what one worker reuses from batch to batch.
type bench struct {
	scratch []byte
	row     []pair
	names   nameTable
}

func (w *bench) work(b *batch) {
	defer close(b.done)
	if cap(w.row) < len(b.rows) {
		w.row = make([]pair, len(b.rows))
	}
	hashes := w.row[:len(b.rows)]
	b.leaves = slices.Grow(b.leaves[:0], len(b.rows))[:len(b.rows)]
	for i := range b.rows {
		hashes[i] = leafPair(&w.scratch, b.rows[i].Public)
		b.leaves[i] = examine(b.rows[i], w.names)
	}
	clear(b.rows)
	if len(hashes) < chunkSize {
		b.hashes = append([]pair(nil), hashes...)
		return
	}
	b.root = perfect(hashes)
}

// forest is both trees as recomputed from the leaves: the roots of every full chunk and what lies above them, and
// the leaf hashes of the last, partial one. What lies below a full chunk is hashed again when it is asked for.
type forest struct {
	src    Source
	size   int64
	levels [][]pair // levels[i] is tree level chunkLevel+i, complete subtrees only
	tail   []pair

	cached int64 // chunk whose leaf hashes are in cache; -1 for none
	cache  []pair
}

// rebuild reads the source to its end, hashing on all processors, and hands each leaf in order to each.
func rebuild(ctx context.Context, src Source, each func(*leafView)) (*forest, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := runtime.GOMAXPROCS(0)
	order, jobs := make(chan *batch, 2*workers), make(chan *batch, 2*workers)
	spare := make(chan *batch, 4*workers) // batches to be filled again
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			w := bench{names: nameTable{}}
			for b := range jobs {
				w.work(b)
			}
		})
	}
	var readErr error
	group.Go(func() {
		defer close(order)
		defer close(jobs)
		readErr = read(ctx, src, spare, func(b *batch) bool {
			select {
			case order <- b:
			case <-ctx.Done():
				return false
			}
			jobs <- b // workers never stop before this channel is closed
			return true
		})
	})
	f := &forest{src: src, levels: [][]pair{nil}, cached: -1}
	for b := range order {
		<-b.done
		f.size += int64(len(b.leaves))
		if len(b.leaves) == chunkSize {
			f.levels[0] = append(f.levels[0], b.root)
		} else {
			f.tail = b.hashes
		}
		for i := range b.leaves {
			each(&b.leaves[i])
		}
		select {
		case spare <- b:
		default:
		}
	}
	group.Wait()
	if readErr != nil {
		return nil, readErr
	}
	for row := f.levels[0]; len(row) > 1; {
		up := make([]pair, len(row)/2)
		for i := range up {
			up[i] = nodePair(&row[2*i], &row[2*i+1])
		}
		f.levels, row = append(f.levels, up), up
	}
	return f, nil
}

// read cuts the source's leaves into batches, using spare ones first.
func read(ctx context.Context, src Source, spare <-chan *batch, emit func(*batch) bool) error {
	var b *batch
	count := int64(0)
	for row, err := range src.Entries(ctx, 0) {
		if err == nil && count%256 == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("verify: read leaf %d: %w", count, err)
		}
		if b == nil {
			select {
			case b = <-spare:
				b.rows = b.rows[:0]
			default:
				b = &batch{rows: make([]Row, 0, min(chunkSize, 64+count))} // a small log takes a small batch
			}
			b.done = make(chan struct{})
		}
		b.rows = append(b.rows, row)
		count++
		if len(b.rows) == chunkSize {
			if !emit(b) {
				return ctx.Err()
			}
			b = nil
		}
	}
	if b != nil && !emit(b) {
		return ctx.Err()
	}
	return nil
}

// has reports whether the forest holds the node.
func (f *forest) has(level int, index int64) bool { return (index+1)<<level <= f.size }

// node returns a node that has says is there.
func (f *forest) node(ctx context.Context, level int, index int64) (pair, error) {
	if level >= chunkLevel {
		return f.levels[level-chunkLevel][index], nil
	}
	hashes, err := f.chunk(ctx, index<<level>>chunkLevel)
	if err != nil {
		return pair{}, err
	}
	from := index << level & (chunkSize - 1)
	return perfect(append([]pair(nil), hashes[from:from+1<<level]...)), nil
}

// chunk returns the leaf hashes of a chunk, reading its leaves again if need be.
func (f *forest) chunk(ctx context.Context, n int64) ([]pair, error) {
	if n == int64(len(f.levels[0])) {
		return f.tail, nil
	}
	if n == f.cached {
		return f.cache, nil
	}
	hashes, scratch := make([]pair, 0, chunkSize), []byte(nil)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for row, err := range f.src.Entries(ctx, n<<chunkLevel) {
		if err != nil {
			return nil, fmt.Errorf("verify: read leaf %d again: %w", n<<chunkLevel+int64(len(hashes)), err)
		}
		hashes = append(hashes, leafPair(&scratch, row.Public))
		if len(hashes) == chunkSize {
			break
		}
	}
	if len(hashes) != chunkSize || perfect(append([]pair(nil), hashes...)) != f.levels[0][n] {
		return nil, errChanged
	}
	f.cached, f.cache = n, hashes
	return hashes, nil
}

// rootAt is the root the leaves had at an earlier size, which must not exceed what was read.
func (f *forest) rootAt(ctx context.Context, size int64) (pair, error) {
	var edge []pair
	err := peaks(size, func(level int, index int64) error {
		n, err := f.node(ctx, level, index)
		edge = append(edge, n)
		return err
	})
	return bag(edge), err
}
