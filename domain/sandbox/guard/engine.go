// Package guard is the guarded query path of the sandbox (安全沙箱): a developer asks in SQL,
// the text is checked and never run, newly written SQL counts integers in a jailed process,
// noise is added in exact arithmetic, and only released cells are arranged into the answer.
// README.md says what it owns and what it does not.
package guard

import (
	"context"
	"errors"
	"io"
	"time"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/duck"
	"pado/domain/sandbox/guard/emit"
	"pado/domain/sandbox/guard/ir"
	"pado/domain/sandbox/guard/jail"
	"pado/domain/sandbox/guard/noise"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
	"pado/domain/sandbox/guard/release"
	"pado/domain/sandbox/guard/snapshot"
)

// Names callers need from the parts.
type (
	Policy   = policy.Policy
	Refusal  = refuse.Refusal
	Ledger   = release.Ledger
	Line     = release.Line
	Sticky   = release.Sticky
	Accuracy = release.Accuracy
)

// RepeatLedger is a Ledger that also charges a repeated question: the lineage has paid for the
// stored answer, the project that asks pays its own level.
type RepeatLedger interface {
	Ledger
	DebitRepeat(ctx context.Context, lines []Line) error
}

// Options of an Engine. The zero value asks with the operating system's randomness, a minute
// of time and the jail required.
type Options struct {
	Ledger   Ledger        // required for Run
	Sticky   Sticky        // nil: every question is answered afresh
	Random   io.Reader     // nil: crypto/rand
	Timeout  time.Duration // 0: one minute, all stages together
	Unjailed bool          // development only; the caller prints it
	// Pace, when set, holds every reply of Run, failures included, until it returns, so that
	// the moment of an answer tells only a coarse time bucket.
	Pace func(ctx context.Context)
}

// Engine answers questions. It is safe for concurrent use.
type Engine struct{ o Options }

// New makes an engine.
func New(o Options) *Engine {
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	return &Engine{o: o}
}

// Request is one question. The caller has checked that the asker may use the policy's tables
// for the purpose (permit), and has validated the policy (policy.Parse).
type Request struct {
	SQL          string
	Policy       *Policy
	SnapshotPath string
	Accuracy     Accuracy
}

// Column describes a column of the answer.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"` // text, int, number, date, bool
	From string `json:"from"` // key, figure, derived, public
}

// Aggregate is one noised figure of the plan: its 95 % half width where that is known before
// the run (counts and sums), else 0.
type Aggregate struct {
	Title     string  `json:"title"`
	HalfWidth float64 `json:"half_width"`
}

// Plan is what a question costs and gives, worked out without touching the budget or running
// anything on protected data.
type Plan struct {
	Columns    []Column    `json:"columns"`
	Rho        int64       `json:"rho"`   // 10⁻⁹
	Delta      int64       `json:"delta"` // 10⁻¹⁵
	Lines      []Line      `json:"lines"`
	Aggregates []Aggregate `json:"aggregates"`
	Tables     []string    `json:"tables"`
	Cells      int64       `json:"cells"`               // figures at most; 0 when keys are discovered
	Threshold  int64       `json:"threshold,omitempty"` // noised group size a discovered key must reach
	SQL        []string    `json:"sql"`                 // what stage 1 runs
	PostSQL    string      `json:"post_sql"`            // what stage 2 runs over released cells
	Jail       string      `json:"jail"`                // what locks the children in
	Question   string      `json:"question"`            // digest of the canonical question
}

// Failure is a question that was not answered although nothing forbade it. Debited says that
// its price is gone.
type Failure struct {
	Refusal *Refusal
	Debited bool
}

// Error is the one text of the failure's code.
func (f *Failure) Error() string { return f.Refusal.Error() }

// Outcome of a Run.
const (
	Answered   = "answered"
	Suppressed = "suppressed"
)

// Answer is what leaves the sandbox.
type Answer struct {
	Outcome    string       `json:"outcome"` // answered, or suppressed when every cell is withheld
	Columns    []Column     `json:"columns"`
	Rows       [][]any      `json:"rows"`
	HalfWidths [][]*float64 `json:"half_widths"` // 95 % half width per cell; nil where none is stated
	Suppressed int          `json:"suppressed_cells"`
	Truncated  bool         `json:"truncated,omitempty"` // discovered keys gave more than an answer may carry
	Rho        int64        `json:"rho"`
	Delta      int64        `json:"delta"`
	Lines      []Line       `json:"lines"`
	Repeated   bool         `json:"repeated,omitempty"` // a stored answer; Rho and Delta are then 0
	Question   string       `json:"question"`
	Policy     string       `json:"policy"` // digests of the versions the answer rests on
	Snapshot   string       `json:"snapshot"`
}

// compiled is a checked question with its children bound and waiting.
type compiled struct {
	plan     *ir.Plan
	manifest *snapshot.Manifest
	stage1   []emit.Stage1
	priced   []*release.Priced
	post     string
	worker   *jail.Proc
	arranger *jail.Proc
	lines    []Line
	digest   string
}

func (c *compiled) close() {
	for _, p := range []*jail.Proc{c.worker, c.arranger} {
		if p != nil {
			p.Close()
		}
	}
}

// Plan checks a question and works out its price. It is free and may be called at will: what
// it says depends on the policy and the declared domains only.
func (e *Engine) Plan(ctx context.Context, q Request) (Plan, *Refusal, error) {
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	c, ref, err := e.compile(ctx, q)
	if ref != nil || err != nil {
		return Plan{}, ref, err
	}
	defer c.close()
	return c.describe(), nil, nil
}

func (c *compiled) describe() Plan {
	p := Plan{Columns: columns(c.plan), Lines: c.lines, Tables: c.plan.Tables, PostSQL: c.post, Question: c.digest, Cells: 1}
	p.Rho, p.Delta = release.Total(c.lines)
	if c.arranger != nil {
		p.Jail = c.arranger.Jail
	}
	for i, pr := range c.priced {
		for n := range c.stage1[i] {
			p.SQL = append(p.SQL, c.stage1[i][n].Text())
		}
		cells := int64(1)
		for _, k := range pr.Block.Keys {
			cells *= int64(len(k.Codes))
		}
		if pr.Block.Selection {
			cells, p.Threshold = 0, max(p.Threshold, pr.Threshold)
		}
		p.Cells *= cells
		for _, f := range pr.Block.Figures {
			p.Aggregates = append(p.Aggregates, Aggregate{Title: f.Title, HalfWidth: pr.HalfWidth(f)})
		}
	}
	return p
}

func columns(p *ir.Plan) []Column {
	out := make([]Column, len(p.Outs))
	for i, o := range p.Outs {
		out[i] = Column{Name: o.Name, Type: o.Type, From: string(o.From)}
	}
	return out
}

// Run answers a question: check, look for a stored answer, debit, count, add noise, arrange.
// A *Refusal means nothing was spent. A *Failure says whether the price is gone.
func (e *Engine) Run(ctx context.Context, q Request) (Answer, *Refusal, error) {
	a, ref, err := e.run(ctx, q)
	if e.o.Pace != nil {
		e.o.Pace(ctx)
	}
	return a, ref, err
}

func (e *Engine) run(ctx context.Context, q Request) (Answer, *Refusal, error) {
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	c, ref, err := e.compile(ctx, q)
	if ref != nil || err != nil {
		return Answer{}, ref, err
	}
	defer c.close()
	if e.o.Ledger == nil {
		return Answer{}, nil, errors.New("guard: no ledger")
	}
	if a, ok, ref, err := e.repeat(ctx, c, q); ok || ref != nil || err != nil {
		return a, ref, err
	}
	if err := e.o.Ledger.Debit(ctx, c.lines); err != nil {
		return Answer{}, asRefusal(err), notRefusal(err)
	}
	a, err := e.answer(ctx, c, q)
	a.Rho, a.Delta = release.Total(c.lines)
	if err != nil {
		return Answer{Rho: a.Rho, Delta: a.Delta, Lines: c.lines, Question: c.digest}, nil, failure(ctx, err, true)
	}
	a.Lines = c.lines
	if err := e.keep(ctx, c, a); err != nil {
		return Answer{}, nil, failure(ctx, err, true)
	}
	return a, nil, nil
}

func asRefusal(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	return nil
}

func notRefusal(err error) error {
	if asRefusal(err) != nil {
		return nil
	}
	return err
}

// failure turns whatever happened inside into one of a few texts.
func failure(ctx context.Context, err error, debited bool) error {
	var f *Failure
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, jail.ErrMissing):
		return &Failure{refuse.New(refuse.JailMissing), debited}
	case debited && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &Failure{refuse.New(refuse.Timeout), true}
	case ctx.Err() != nil:
		return &Failure{refuse.New(refuse.Busy), debited}
	case !debited:
		return &Failure{refuse.New(refuse.Internal), false}
	}
	return &Failure{refuse.New(refuse.EngineFailed), true}
}

// compile takes a question through every check up to and including binding, and leaves the
// two children waiting. Nothing has been read from protected tables.
func (e *Engine) compile(ctx context.Context, q Request) (*compiled, *Refusal, error) {
	if q.Policy == nil {
		return nil, refuse.New(refuse.Policy), nil
	}
	if ref := ast.CheckText(q.SQL); ref != nil {
		return nil, ref, nil
	}
	m, err := snapshot.Read(q.SnapshotPath)
	if err != nil {
		return nil, nil, failure(ctx, err, false)
	}
	tree, ref, err := e.parse(ctx, q.SQL)
	if ref != nil || err != nil {
		return nil, ref, failureOrNil(ctx, err)
	}
	c, ref := check(tree, q, m)
	if ref != nil {
		return nil, ref, nil
	}
	ref, err = e.bind(ctx, c, q)
	if ref != nil || err != nil {
		c.close()
		return nil, ref, failureOrNil(ctx, err)
	}
	c.digest = c.question(q)
	return c, nil, nil
}

// check resolves, prices and writes a question; it starts nothing and reads no data.
func check(tree ast.Query, q Request, m *snapshot.Manifest) (*compiled, *Refusal) {
	c := &compiled{manifest: m}
	var ref *Refusal
	if c.plan, ref = ir.Resolve(tree, q.Policy, m.Public); ref != nil {
		return nil, ref
	}
	if ref := m.Check(q.Policy, c.plan.Tables); ref != nil {
		return nil, ref
	}
	if ref := c.price(q); ref != nil {
		return nil, ref
	}
	c.post = ast.Print(c.plan.Post)
	return c, nil
}

func failureOrNil(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return failure(ctx, err, false)
}

// parse runs the engine's parser on the asker's text in a child without any file.
func (e *Engine) parse(ctx context.Context, text string) (ast.Query, *Refusal, error) {
	p, err := jail.Start(ctx, jail.Spec{Role: duck.RoleParser, CPU: 10, Unjailed: e.o.Unjailed})
	if err != nil {
		return nil, nil, err
	}
	defer p.Close()
	var a duck.ParseAnswer
	if err := p.Ask(duck.ParseRequest{SQL: "SELECT 1"}, &a); err != nil {
		return nil, nil, err
	}
	if err := p.Ask(duck.ParseRequest{SQL: text}, &a); err != nil {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		// the parser died on this text: the text is refused, the server lives on
		return nil, refuse.New(refuse.Syntax), nil
	}
	tree, ref := ast.Decode(a.Parsed)
	return tree, ref, nil
}

// price puts noise and cost on every block.
func (c *compiled) price(q Request) *Refusal {
	for _, b := range c.plan.Blocks {
		cells := int64(1)
		for _, k := range b.Keys {
			if cells *= int64(max(len(k.Codes), 1)); cells > ir.MaxBlockCells {
				return refuse.New(refuse.CellLimit)
			}
		}
		if cells*int64(len(b.Moments)) > ir.MaxBlockNoise {
			return refuse.New(refuse.CellLimit, "分位数须对每个单元格统计直方图")
		}
		pr, ref := release.PriceOf(b, q.Policy, q.Accuracy)
		if ref != nil {
			return ref
		}
		c.priced = append(c.priced, pr)
		c.stage1 = append(c.stage1, emit.Block(b, pr.MinUnits))
		c.lines = append(c.lines, pr.Lines...)
	}
	return nil
}

// answer runs both stages.
func (e *Engine) answer(ctx context.Context, c *compiled, q Request) (Answer, error) {
	src := noise.NewSource(e.o.Random)
	tables, withheld, err := c.stageOne(src)
	if err != nil {
		return Answer{}, err
	}
	return c.stageTwo(tables, withheld, q)
}
