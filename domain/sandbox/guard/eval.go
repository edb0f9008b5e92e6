package guard

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/duck"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
	"pado/domain/sandbox/guard/release"
)

// EvalOptions run the whole query path without a server (`pado guard eval`). Readers may be
// files. Dir is where the snapshot is built; it is emptied again.
type EvalOptions struct {
	Init    io.Reader // trusted SQL that creates the tables
	Policy  io.Reader // the policy document
	Queries io.Reader // JSON lines {"name","sql"}
	Out     io.Writer // JSON lines, one per query, in order
	Dir     string    // "" is the system's temporary directory
	// Shared judges all queries on one ledger with stored answers; else each on a fresh one.
	Shared   bool
	Unjailed bool
	Timeout  time.Duration
	Now      func() time.Time // for the ms field; nil leaves it 0
	random   io.Reader        // set by WithSeed in builds with the test tag, and by tests here
}

// EvalResult is one line of the output.
type EvalResult struct {
	Name       string       `json:"name"`
	Outcome    string       `json:"outcome"` // answered, suppressed, refused, failed
	Code       string       `json:"code"`
	Message    string       `json:"message"`
	Columns    []string     `json:"columns"`
	Rows       [][]any      `json:"rows"`
	HalfWidths [][]*float64 `json:"half_widths"`
	Suppressed int          `json:"suppressed_cells"`
	Rho        int64        `json:"rho"`
	Delta      int64        `json:"delta"`
	MS         int64        `json:"ms"`
}

// ErrEval wraps what stops an evaluation as a whole: an unreadable file, a policy that does
// not validate (then the *Refusal is inside), a source that does not fit it.
var ErrEval = errors.New("guard eval")

type evalQuery struct {
	Name string `json:"name"`
	SQL  string `json:"sql"`
}

// Eval builds the tables and a snapshot, asks every query and writes one line each. A query
// that is refused or fails is a line, not an error.
func Eval(ctx context.Context, o EvalOptions) (err error) {
	init, err1 := io.ReadAll(o.Init)
	doc, err2 := io.ReadAll(o.Policy)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("%w: %w", ErrEval, err)
	}
	p, ref := policy.Parse(doc)
	if ref != nil {
		return fmt.Errorf("%w: %w", ErrEval, ref)
	}
	queries, err := readQueries(o.Queries)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrEval, err)
	}
	dir, err := os.MkdirTemp(o.Dir, "guard-eval-")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrEval, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	key := make([]byte, 32)
	random := o.random
	if random == nil {
		random = rand.Reader
	}
	if _, err := io.ReadFull(random, key); err != nil {
		return fmt.Errorf("%w: %w", ErrEval, err)
	}
	snap := filepath.Join(dir, "snapshot.duckdb")
	if _, err := duck.Build(ctx, duck.BuildRequest{Init: string(init), Policy: p, Out: snap, Key: key}); err != nil {
		return fmt.Errorf("%w: %w", ErrEval, err)
	}
	enc := json.NewEncoder(o.Out)
	enc.SetEscapeHTML(false)
	ledger, sticky := release.NewMemory(p), release.NewMemorySticky()
	for _, q := range queries {
		opt := Options{Ledger: ledger, Sticky: sticky, Random: o.random, Timeout: o.Timeout, Unjailed: o.Unjailed}
		if !o.Shared {
			opt.Ledger, opt.Sticky = release.NewMemory(p), nil
		}
		if err := enc.Encode(evalOne(ctx, New(opt), q, p, snap, o.Now)); err != nil {
			return fmt.Errorf("%w: %w", ErrEval, err)
		}
	}
	return ctx.Err()
}

func evalOne(ctx context.Context, e *Engine, q evalQuery, p *policy.Policy, snap string, now func() time.Time) EvalResult {
	out := EvalResult{Name: q.Name, Columns: []string{}, Rows: [][]any{}, HalfWidths: [][]*float64{}}
	start := time.Time{}
	if now != nil {
		start = now()
	}
	a, ref, err := e.Run(ctx, Request{SQL: q.SQL, Policy: p, SnapshotPath: snap})
	if now != nil {
		out.MS = now().Sub(start).Milliseconds()
	}
	var f *Failure
	switch {
	case ref != nil:
		out.Outcome, out.Code, out.Message = "refused", string(ref.Code), ref.Message+ref.Hint
	case errors.As(err, &f):
		out.Outcome, out.Code, out.Message = "failed", string(f.Refusal.Code), f.Refusal.Message
		if f.Debited {
			out.Rho, out.Delta = a.Rho, a.Delta
		}
	case err != nil:
		r := refuse.New(refuse.Internal)
		out.Outcome, out.Code, out.Message = "failed", string(r.Code), r.Message
	default:
		out.Outcome, out.Rows, out.HalfWidths, out.Suppressed = a.Outcome, a.Rows, a.HalfWidths, a.Suppressed
		out.Rho, out.Delta = a.Rho, a.Delta
		for _, c := range a.Columns {
			out.Columns = append(out.Columns, c.Name)
		}
		if a.Outcome == Suppressed {
			r := refuse.New(refuse.AllWithheld)
			out.Code, out.Message = string(r.Code), r.Message+r.Hint
		}
	}
	return out
}

// readQueries reads JSON lines; blank lines are skipped.
func readQueries(r io.Reader) ([]evalQuery, error) {
	var out []evalQuery
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), 8*ast.MaxTextBytes+1<<20)
	for n := 1; s.Scan(); n++ {
		line := bytes.TrimSpace(s.Bytes())
		if len(line) == 0 {
			continue
		}
		var q evalQuery
		if err := json.Unmarshal(line, &q); err != nil {
			return nil, fmt.Errorf("queries, line %d: not a JSON object with name and sql", n)
		}
		out = append(out, q)
	}
	return out, s.Err()
}
