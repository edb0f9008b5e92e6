package guard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/duck"
	"pado/domain/sandbox/guard/emit"
	"pado/domain/sandbox/guard/ir"
	"pado/domain/sandbox/guard/jail"
	"pado/domain/sandbox/guard/noise"
	"pado/domain/sandbox/guard/refuse"
	"pado/domain/sandbox/guard/release"
	"pado/domain/sandbox/guard/snapshot"
)

// errMismatch: what the engine read is not what was meant. Nothing runs.
var errMismatch = errors.New("emitted text does not parse back to its tree")

// bind starts the worker and the arranger side by side, has each parse the text it would run,
// compares, and lets the engine bind it.
func (e *Engine) bind(ctx context.Context, c *compiled, q Request) (*Refusal, error) {
	done := make(chan error, 1)
	go func() { done <- e.bindWorker(ctx, c, q) }()
	ref, err := e.bindArranger(ctx, c, q)
	if werr := <-done; werr != nil {
		return nil, werr
	}
	return ref, err
}

func (e *Engine) bindWorker(ctx context.Context, c *compiled, q Request) error {
	if len(c.stage1) == 0 {
		return nil
	}
	var err error
	c.worker, err = jail.Start(ctx, jail.Spec{Role: duck.RoleWorker, Read: []string{q.SnapshotPath}, Unjailed: e.o.Unjailed})
	if err != nil {
		return err
	}
	var a duck.WorkAnswer
	if err := c.worker.Ask(duck.WorkRequest{Open: q.SnapshotPath}, &a); err != nil {
		return err
	}
	for _, s := range c.stage1 {
		for i := range s {
			text := s[i].Text()
			if err := c.worker.Ask(duck.WorkRequest{Parse: text}, &a); err != nil {
				return err
			}
			if err := same(a.Parsed, s[i].Tree); err != nil {
				return err
			}
			if err := c.worker.Ask(duck.WorkRequest{Bind: text}, &a); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Engine) bindArranger(ctx context.Context, c *compiled, q Request) (*Refusal, error) {
	spec := jail.Spec{Role: duck.RoleArranger, Unjailed: e.o.Unjailed}
	open := duck.ArrangeRequest{Open: true}
	if len(c.plan.Public) > 0 {
		open.Public = snapshot.PublicPath(q.SnapshotPath)
		spec.Read = []string{open.Public}
	}
	for i, b := range c.plan.Blocks {
		open.Create = append(open.Create, duck.Cells{Name: fmt.Sprintf("r%d", i), Columns: releaseColumns(b)})
	}
	var err error
	if c.arranger, err = jail.Start(ctx, spec); err != nil {
		return nil, err
	}
	var a duck.ArrangeAnswer
	if err := c.arranger.Ask(open, &a); err != nil {
		return nil, err
	}
	if err := c.arranger.Ask(duck.ArrangeRequest{Parse: c.post}, &a); err != nil {
		return nil, err
	}
	if err := same(a.Parsed, c.plan.Post); err != nil {
		return nil, err
	}
	if err := c.arranger.Ask(duck.ArrangeRequest{Bind: c.post}, &a); err != nil {
		return nil, err
	}
	if a.BindFailed {
		return refuse.New(refuse.Type, "对统计结果的运算"), nil
	}
	return nil, nil
}

// same parses nothing itself: it decodes what the engine's parser made of our text.
func same(parsed string, meant ast.Query) error {
	got, ref := ast.DecodeEmitted(parsed)
	if ref != nil {
		return fmt.Errorf("%w: %s", errMismatch, ref.Code)
	}
	if !emit.Same(got, meant) {
		return errMismatch
	}
	return nil
}

func releaseColumns(b *ir.Block) []duck.CellColumn {
	var out []duck.CellColumn
	for i, k := range b.Keys {
		out = append(out, duck.CellColumn{Name: ir.KeyName(i), Type: k.SQLType()}, duck.CellColumn{Name: ir.KeyName(i) + ir.TagSuffix, Type: "text"})
	}
	for i := range b.Figures {
		out = append(out, duck.CellColumn{Name: ir.FigureName(i), Type: "number"}, duck.CellColumn{Name: ir.FigureName(i) + ir.HalfSuffix, Type: "number"})
	}
	return out
}

// stageOne counts, adds noise and fills the release tables. Exact integers end here.
func (c *compiled) stageOne(src *noise.Source) ([]duck.Cells, int, error) {
	var out []duck.Cells
	withheld := 0
	for i, b := range c.plan.Blocks {
		rows, err := count(c.worker, b, c.stage1[i])
		if err != nil {
			return nil, 0, err
		}
		t, err := c.priced[i].Release(rows, src)
		if err != nil {
			return nil, 0, err
		}
		cells, err := c.fill(i, t)
		if err != nil {
			return nil, 0, err
		}
		out = append(out, cells)
		withheld += t.Withheld
	}
	return out, withheld, nil
}

// count runs a block's queries and joins their integers by cell. Where keys are discovered,
// the first query decides which cells there are.
func count(worker *jail.Proc, b *ir.Block, queries emit.Stage1) ([]release.Raw, error) {
	var out []release.Raw
	at := map[string]int{}
	if len(b.Moments) == 0 && !b.Selection {
		return nil, nil // only published keys are asked for: nothing is counted
	}
	for n := range queries {
		q := &queries[n]
		var a duck.WorkAnswer
		if err := worker.Ask(duck.WorkRequest{Run: q.Text(), Words: q.Words, Keys: q.Keys, Raws: len(q.Raws)}, &a); err != nil {
			return nil, err
		}
		for _, r := range a.Rows {
			keys := r.Keys[:len(b.Keys)]
			k := fmt.Sprint(keys)
			i, ok := at[k]
			if !ok {
				if q.Hist >= 0 && b.Selection {
					continue
				}
				i = len(out)
				at[k] = i
				out = append(out, release.Raw{Keys: keys, Raws: zeros(len(b.Raws))})
			}
			for j, raw := range q.Raws {
				if q.Hist >= 0 {
					bin := r.Keys[len(b.Keys)]
					if bin < 0 || bin >= b.Hists[q.Hist].Bins {
						return nil, errors.New("bin out of range")
					}
					raw += int(bin)
				}
				out[i].Raws[raw] = r.Raws[j]
			}
		}
	}
	return out, nil
}

func zeros(n int) []*big.Int {
	out := make([]*big.Int, n)
	for i := range out {
		out[i] = new(big.Int)
	}
	return out
}

// fill turns released cells into typed rows; words of discovered keys are read now, for
// released cells only.
func (c *compiled) fill(i int, t *release.Table) (duck.Cells, error) {
	b := c.plan.Blocks[i]
	out := duck.Cells{Name: fmt.Sprintf("r%d", i), Columns: releaseColumns(b), Rows: [][]any{}}
	dicts := make([]map[int64]*string, len(b.Keys))
	for n, k := range b.Keys {
		if len(k.Cells) > 0 || k.Col == nil || len(k.Runs) > 0 {
			continue
		}
		seen := map[int64]bool{}
		var codes []int64
		for _, cell := range t.Cells {
			if code := cell.Keys[n]; code >= 0 && !seen[code] {
				seen[code] = true
				codes = append(codes, code)
			}
		}
		var a duck.WorkAnswer
		if err := c.worker.Ask(duck.WorkRequest{Dict: emit.DictName(k.Col.Table, k.Col.Column), Codes: codes}, &a); err != nil {
			return out, err
		}
		dicts[n] = a.Dict
	}
	for _, cell := range t.Cells {
		var row []any
		for n, k := range b.Keys {
			v, tag, ok := release.KeyValue(k, cell.Keys[n])
			if !ok {
				w := dicts[n][cell.Keys[n]]
				if w == nil {
					return out, errors.New("word missing")
				}
				v, tag = ir.TypedWord(k.Type, *w)
			}
			row = append(row, v, tag)
		}
		for n := range b.Figures {
			row = append(row, number(cell.Values[n]), number(cell.Halves[n]))
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

func number(f *float64) any {
	if f == nil {
		return nil
	}
	return *f
}

// stageTwo arranges released cells and rounds what leaves.
func (c *compiled) stageTwo(tables []duck.Cells, withheld int, q Request) (Answer, error) {
	var a duck.ArrangeAnswer
	if len(tables) > 0 {
		if err := c.arranger.Ask(duck.ArrangeRequest{Fill: tables}, &a); err != nil {
			return Answer{}, err
		}
	}
	figures := 0
	for _, o := range c.plan.Outs {
		if o.From == ir.FromFigure || o.From == ir.FromDerived {
			figures++
		}
	}
	limit := ir.MaxCells / max(figures, 1)
	a = duck.ArrangeAnswer{}
	if err := c.arranger.Ask(duck.ArrangeRequest{Run: c.post, Params: c.plan.Params, Max: limit}, &a); err != nil {
		return Answer{}, err
	}
	out := Answer{Outcome: Answered, Columns: columns(c.plan), Rows: [][]any{}, HalfWidths: [][]*float64{}, Truncated: a.More,
		Question: c.digest, Policy: q.Policy.Digest(), Snapshot: c.manifest.Digest}
	shown := 0
	for _, r := range a.Rows {
		row, halves, n, s, err := c.exit(r)
		if err != nil {
			return Answer{}, err
		}
		out.Rows = append(out.Rows, row)
		out.HalfWidths = append(out.HalfWidths, halves)
		out.Suppressed += n
		shown += s
	}
	if c.allWithheld(len(out.Rows), shown, withheld, tables) {
		out.Outcome = Suppressed
	}
	return out, nil
}

// allWithheld: no cell carries a figure although the question asks for figures. An answer that
// is empty only because HAVING or LIMIT left no row is an answer.
func (c *compiled) allWithheld(rows, shown, withheld int, tables []duck.Cells) bool {
	if len(tables) == 0 || shown > 0 {
		return false
	}
	if rows > 0 { // keys alone, or every figure withheld
		return withheld > 0
	}
	for _, t := range tables {
		if len(t.Rows) > 0 {
			return false
		}
	}
	return true
}

// exit reads one arranged row: values, the tags of 其他, the half widths; figures are rounded
// to four significant digits, and the rounding goes into the half width.
func (c *compiled) exit(r []any) (row []any, halves []*float64, withheld, shown int, err error) {
	at := 0
	next := func() any {
		if at >= len(r) {
			err = errors.New("row too short")
			return nil
		}
		at++
		return r[at-1]
	}
	for _, o := range c.plan.Outs {
		v := next()
		var half *float64
		if o.Half {
			if f, ok := next().(float64); ok {
				half = &f
			}
		}
		if o.Tag {
			if t, ok := next().(string); ok && v == nil {
				v = t
			}
		}
		figure := o.From == ir.FromFigure || o.From == ir.FromDerived
		if f, ok := v.(float64); ok && o.Type == "number" && figure && len(c.plan.Blocks) > 0 {
			g := roundTo(f, 4)
			if half != nil {
				*half = roundUp(*half+math.Abs(g-f), 2)
			}
			v = g
		}
		if figure {
			if v == nil {
				withheld++
			} else {
				shown++
			}
		}
		row = append(row, v)
		halves = append(halves, half)
	}
	return row, halves, withheld, shown, err
}

// roundTo keeps n significant digits.
func roundTo(f float64, n int) float64 {
	if f == 0 || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0
	}
	e := n - 1 - int(math.Floor(math.Log10(math.Abs(f))))
	if e > 300 || e < -300 {
		return 0
	}
	if e >= 0 {
		p := math.Pow10(e)
		return math.Round(f*p) / p
	}
	p := math.Pow10(-e)
	return math.Round(f/p) * p
}

// roundUp keeps n significant digits, never less than f.
func roundUp(f float64, n int) float64 {
	g := roundTo(f, n)
	if g >= f || f <= 0 {
		return g
	}
	step := math.Pow10(int(math.Floor(math.Log10(f))) - n + 1)
	return roundTo(g+step, n)
}

// question is the digest of the canonical question: what is computed, how precisely, on which
// versions. Names the asker gave to columns are not part of it.
func (c *compiled) question(q Request) string {
	type block struct {
		SQL    []string
		Words  []emit.Word
		Sigma2 []string
		Select string
		Keys   []string
	}
	doc := struct {
		Blocks           []block
		Post             string
		Params           []string
		Policy, Snapshot string
	}{Post: c.post, Params: c.plan.Params, Policy: q.Policy.Digest(), Snapshot: c.manifest.Digest}
	for i, pr := range c.priced {
		var b block
		for n := range c.stage1[i] {
			b.SQL = append(b.SQL, c.stage1[i][n].Text())
			b.Words = append(b.Words, c.stage1[i][n].Words...)
		}
		for _, s := range pr.Sigma2 {
			b.Sigma2 = append(b.Sigma2, s.RatString())
		}
		if pr.SelectSigma2 != nil {
			b.Select = fmt.Sprintf("%s/%d", pr.SelectSigma2.RatString(), pr.Threshold)
		}
		for _, k := range pr.Block.Keys {
			b.Keys = append(b.Keys, k.Text())
		}
		for _, f := range pr.Block.Figures {
			b.Keys = append(b.Keys, f.Text())
		}
		doc.Blocks = append(doc.Blocks, b)
	}
	j, err := json.Marshal(doc)
	if err != nil {
		return ""
	}
	h := sha256.Sum256(j)
	return hex.EncodeToString(h[:])
}

// stored is an answer without the names the asker gave.
type stored struct {
	Outcome    string       `json:"outcome"`
	Rows       [][]any      `json:"rows"`
	HalfWidths [][]*float64 `json:"half_widths"`
	Suppressed int          `json:"suppressed"`
	Truncated  bool         `json:"truncated"`
}

// repeat looks for a stored answer to the same canonical question.
func (e *Engine) repeat(ctx context.Context, c *compiled, q Request) (Answer, bool, *Refusal, error) {
	if e.o.Sticky == nil {
		return Answer{}, false, nil, nil
	}
	b, ok, err := e.o.Sticky.Get(ctx, c.digest)
	if err != nil {
		return Answer{}, false, nil, failure(ctx, err, false)
	}
	if !ok {
		return Answer{}, false, nil, nil
	}
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return Answer{}, false, nil, failure(ctx, err, false)
	}
	if l, ok := e.o.Ledger.(RepeatLedger); ok {
		if err := l.DebitRepeat(ctx, c.lines); err != nil {
			return Answer{}, false, asRefusal(err), notRefusal(err)
		}
	}
	return Answer{Outcome: s.Outcome, Columns: columns(c.plan), Rows: s.Rows, HalfWidths: s.HalfWidths, Suppressed: s.Suppressed, Truncated: s.Truncated,
		Lines: []Line{}, Repeated: true, Question: c.digest, Policy: q.Policy.Digest(), Snapshot: c.manifest.Digest}, true, nil, nil
}

func (e *Engine) keep(ctx context.Context, c *compiled, a Answer) error {
	if e.o.Sticky == nil {
		return nil
	}
	b, err := json.Marshal(stored{a.Outcome, a.Rows, a.HalfWidths, a.Suppressed, a.Truncated})
	if err != nil {
		return err
	}
	return e.o.Sticky.Put(ctx, c.digest, b)
}
