package audit_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"pado/core/audit"
)

var epoch = time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)

// seeded is randomness that is the same in every run.
func seeded(n byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{n}) }

// memory is a log in memory: what the store keeps, without a store.
type memory struct {
	head  audit.Head
	heads []audit.Head // before each leaf
	rows  []audit.Sealed
	nodes map[[2]int64]audit.Node
	rnd   *rand.ChaCha8
}

func newMemory(seed byte) *memory {
	return &memory{nodes: map[[2]int64]audit.Node{}, rnd: seeded(seed)}
}

func (m *memory) write(t testing.TB, e audit.Entry) audit.Sealed {
	t.Helper()
	s, err := audit.Seal(e, m.head.Size, epoch.Add(time.Duration(m.head.Size)*time.Second), m.rnd)
	if err != nil {
		t.Fatal(err)
	}
	m.heads = append(m.heads, m.head)
	nodes, err := m.head.Append(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		key := [2]int64{int64(n.Level), n.Index}
		if _, twice := m.nodes[key]; twice {
			t.Fatalf("node %v completed twice", key)
		}
		m.nodes[key] = n
	}
	m.rows = append(m.rows, s)
	return s
}

func (m *memory) fill(t testing.TB, size int) {
	t.Helper()
	for len(m.rows) < size {
		n := len(m.rows)
		e := audit.Entry{Type: "case.step", Actor: "p7", Object: "demand-" + strconv.Itoa(n), Action: "submit"}
		if n == 0 {
			e = audit.Entry{Type: audit.TypeGenesis}
		}
		m.write(t, e)
	}
}

func (m *memory) Nodes(level int, from int64, n int) ([]audit.Node, error) {
	var out []audit.Node
	for i := range int64(n) {
		node, ok := m.nodes[[2]int64{int64(level), from + i}]
		if !ok {
			return nil, fmt.Errorf("no node %d/%d", level, from+i)
		}
		out = append(out, node)
	}
	return out, nil
}

func (m *memory) Leaves(from int64, n int) ([][]byte, error) {
	var out [][]byte
	for _, s := range m.rows[from : from+int64(n)] {
		out = append(out, s.Public)
	}
	return out, nil
}
