package verify

import (
	"context"
	"errors"
	"fmt"
)

// storedNodes reads n nodes and holds the source to the shape it promised.
func storedNodes(ctx context.Context, src NodeSource, level int, from int64, n int) ([]Hashes, error) {
	out := make([]Hashes, 0, n)
	for len(out) < n {
		got, err := src.Nodes(ctx, level, from+int64(len(out)), n-len(out))
		if err != nil {
			return nil, fmt.Errorf("verify: read nodes of level %d: %w", level, err)
		}
		if len(got) == 0 || len(got) > n-len(out) {
			break
		}
		out = append(out, got...)
	}
	return out, nil
}

func (h Hashes) differs(p pair) bool {
	return string(h.SHA256) != string(p.sha[:]) || (h.SM3 != nil && string(h.SM3) != string(p.sm[:]))
}

// checkNodes compares every stored node with the recomputed trees: proofs and tiles are served from them. Each level
// stops at its first bad node.
func checkNodes(ctx context.Context, src NodeSource, f *forest, rep *Report) error {
	step := src.Step()
	if step < 1 {
		return errors.New("verify: the source holds no levels")
	}
	bad := map[int]bool{}
	for level := 0; 1<<level <= f.size; level += step {
		for from, count := int64(0), f.size>>level; from < count && !bad[level]; from += chunkSize {
			n := int(min(chunkSize, count-from))
			stored, err := storedNodes(ctx, src, level, from, n)
			if err != nil {
				return err
			}
			want, err := f.row(ctx, level, from, n)
			if err != nil {
				return err
			}
			for i := range n {
				if i < len(stored) && !stored[i].differs(want[i]) {
					rep.Nodes++
					continue
				}
				bad[level] = true
				first := (from + int64(i)) << level
				rep.addSpan(KindNode, first, first+1<<level-1, "存储的第 %d 层第 %d 个树节点缺失或与记录不符（记录本身无误）。", level, from+int64(i))
				break
			}
		}
	}
	return nil
}

// row returns n consecutive recomputed nodes of a level; below the chunks it costs a second look at the leaves.
func (f *forest) row(ctx context.Context, level int, from int64, n int) ([]pair, error) {
	if level >= chunkLevel {
		return f.levels[level-chunkLevel][from : from+int64(n)], nil
	}
	out := make([]pair, 0, n)
	perChunk := int64(1) << (chunkLevel - level)
	for int64(len(out)) < int64(n) {
		at := from + int64(len(out))
		hashes, err := f.chunk(ctx, at/perChunk)
		if err != nil {
			return nil, err
		}
		up := append([]pair(nil), hashes...)
		for range level {
			for i := range len(up) / 2 {
				up[i] = nodePair(&up[2*i], &up[2*i+1])
			}
			up = up[:len(up)/2]
		}
		skip := at % perChunk
		take := min(int64(n-len(out)), int64(len(up))-skip)
		out = append(out, up[skip:skip+take]...)
	}
	return out, nil
}

// locate finds the first leaf that is not the one under a signed root, by walking down the stored nodes: each is
// believed only because it hashes, with its siblings, to what is above it. It returns the span the search ended in;
// one leaf, unless the stored nodes are damaged as well.
func locate(ctx context.Context, src NodeSource, t Tree, f *forest, size int64, root digest) (first, last int64, err error) {
	w := walk{ctx: ctx, src: src, t: t, f: f}
	if w.step = src.Step(); w.step < 1 {
		return 0, size - 1, nil
	}
	type place struct {
		level int
		index int64
	}
	var tops []place
	var edge []digest
	err = peaks(size, func(level int, index int64) error {
		d, ok, err := w.stored(level, index)
		if err == nil && !ok {
			err = errDamaged
		}
		tops, edge = append(tops, place{level, index}), append(edge, d)
		return err
	})
	if errors.Is(err, errDamaged) {
		return 0, size - 1, nil
	}
	if err != nil {
		return 0, 0, err
	}
	sum := edge[len(edge)-1]
	for i := len(edge) - 2; i >= 0; i-- {
		sum = nodeDigest(t, &edge[i], &sum)
	}
	if sum != root {
		return 0, size - 1, nil
	}
	for i, top := range tops {
		same, err := w.same(top.level, top.index, edge[i])
		if err != nil {
			return 0, 0, err
		}
		if !same {
			return w.down(top.level, top.index, edge[i])
		}
	}
	return 0, size - 1, nil
}

var errDamaged = errors.New("verify: stored nodes are damaged")

type walk struct {
	ctx  context.Context
	src  NodeSource
	t    Tree
	f    *forest
	step int
}

// stored returns a node as the stored ones have it, folding it from the next level the source holds.
func (w *walk) stored(level int, index int64) (digest, bool, error) {
	below := level % w.step
	row, err := w.storedRow(level-below, index<<below, 1<<below)
	if err != nil || row == nil {
		return digest{}, false, err
	}
	return foldRow(w.t, row), true, nil
}

func foldRow(t Tree, row []digest) digest {
	row = append([]digest(nil), row...)
	for n := len(row); n > 1; n /= 2 {
		for i := range n / 2 {
			row[i] = nodeDigest(t, &row[2*i], &row[2*i+1])
		}
	}
	return row[0]
}

// storedRow is nil when not all of it is there.
func (w *walk) storedRow(level int, from int64, n int) ([]digest, error) {
	nodes, err := storedNodes(w.ctx, w.src, level, from, n)
	if err != nil || len(nodes) != n {
		return nil, err
	}
	out := make([]digest, n)
	for i, node := range nodes {
		hash := node.SHA256
		if w.t == SM3 {
			hash = node.SM3
		}
		d, ok := toDigest(hash)
		if !ok {
			return nil, nil
		}
		out[i] = d
	}
	return out, nil
}

// same compares a believed node with the recomputed one; a node the leaves no longer suffice for is different.
func (w *walk) same(level int, index int64, want digest) (bool, error) {
	if !w.f.has(level, index) {
		return false, nil
	}
	have, err := w.f.node(w.ctx, level, index)
	return *have.of(w.t) == want, err
}

// down follows the first differing child from a believed node that differs, to the leaf.
func (w *walk) down(level int, index int64, hash digest) (first, last int64, err error) {
	for level > 0 {
		drop := level % w.step
		if drop == 0 {
			drop = min(w.step, level)
		}
		row, err := w.storedRow(level-drop, index<<drop, 1<<drop)
		if err != nil {
			return 0, 0, err
		}
		if row == nil || foldRow(w.t, row) != hash {
			break
		}
		level, index = level-drop, index<<drop
		for i := range row {
			same, err := w.same(level, index+int64(i), row[i])
			if err != nil {
				return 0, 0, err
			}
			if !same || i == len(row)-1 {
				index, hash = index+int64(i), row[i]
				break
			}
		}
	}
	return index << level, (index+1)<<level - 1, nil
}
