package release

import (
	"context"
	"sync"

	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
)

// Line is one entry of the price: ρ in units of 10⁻⁹, δ in units of 10⁻¹⁵. Sum the lines to
// debit a lineage root.
type Line struct {
	What  string `json:"what"` // e.g. "count", "avg.sum", "selection"
	Rho   int64  `json:"rho"`
	Delta int64  `json:"delta"`
}

// Total adds lines up.
func Total(lines []Line) (rho, delta int64) {
	for _, l := range lines {
		rho += l.Rho
		delta += l.Delta
	}
	return rho, delta
}

// Ledger keeps the privacy budget. Debit takes all lines or none, before anything runs, and is
// never undone. What cannot be paid is a *refuse.Refusal with GUARD_BUDGET or GUARD_FROZEN.
type Ledger interface {
	Debit(ctx context.Context, lines []Line) error
}

// Memory is a ledger of one lineage in memory, for evaluation and tests.
type Memory struct {
	mu    sync.Mutex
	rho   int64
	delta int64
}

// NewMemory holds the totals of a policy.
func NewMemory(p *policy.Policy) *Memory { return &Memory{rho: p.RhoTotal, delta: p.DeltaTotal} }

// Debit takes the lines' total if it is there.
func (m *Memory) Debit(_ context.Context, lines []Line) error {
	rho, delta := Total(lines)
	m.mu.Lock()
	defer m.mu.Unlock()
	if rho > m.rho {
		return refuse.Newf(refuse.Budget, "需要 %d，剩余 %d（单位 10⁻⁹）", rho, m.rho)
	}
	if delta > m.delta {
		return refuse.Newf(refuse.Budget, "δ 需要 %d，剩余 %d（单位 10⁻¹⁵）", delta, m.delta)
	}
	m.rho -= rho
	m.delta -= delta
	return nil
}

// Left is what remains.
func (m *Memory) Left() (rho, delta int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rho, m.delta
}

// Sticky keeps answers by canonical question, so that asking again gives the same noise. The
// caller has checked the grant before any look-up.
type Sticky interface {
	Get(ctx context.Context, key string) ([]byte, bool, error)
	Put(ctx context.Context, key string, answer []byte) error
}

// MemorySticky is a Sticky in memory.
type MemorySticky struct {
	mu sync.Mutex
	m  map[string][]byte
}

// NewMemorySticky is empty.
func NewMemorySticky() *MemorySticky { return &MemorySticky{m: map[string][]byte{}} }

// Get returns a stored answer.
func (s *MemorySticky) Get(_ context.Context, key string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.m[key]
	return b, ok, nil
}

// Put stores an answer; the first one stays.
func (s *MemorySticky) Put(_ context.Context, key string, answer []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.m[key]; !ok {
		s.m[key] = answer
	}
	return nil
}
