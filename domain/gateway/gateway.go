// Package gateway is the hot path of data delivery (6.2.4): it decides each
// call of a published product in memory, answers it from a released artefact
// and makes one durable write, the usage record. It knows no HTTP and no
// database; rights arrive as snapshots, secrets and data through small
// interfaces.
//
// Crash states. Before the usage record is durable nothing was answered and
// nothing is charged. After it the call is charged, whether or not the answer
// reached the customer; with an idempotency key he may ask again without a
// second charge. Quotas, nonces and idempotency keys are a fold over the
// journal and are found again at the next start.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"pado/domain/gateway/journal"
)

// Config of Open. Durations and counts that are zero take the stated default.
type Config struct {
	Journal *journal.Journal // open; the gateway closes it
	Permit  Permit
	Secrets Secrets
	Sources map[Kind]Source // a kind without a source is not served here

	// SubjectKey is the key of SubjectOf, at least 32 bytes.
	SubjectKey []byte

	Business func() time.Time // business time: rights are compared with it
	Real     func() time.Time // the process's time: signatures, rates, ages

	// Seal writes the audit leaf of a closed journal segment. It must be safe
	// to repeat by Facts.Name. Nil leaves segments unsealed.
	Seal func(context.Context, journal.Facts) error

	Window       time.Duration // of signature times; default SignatureWindow
	Idempotency  time.Duration // default 24 h
	MaxNonces    int64         // remembered at once; default 16 million
	EachRefusal  uint64        // refusals per key, code and minute journaled one by one; default 60
	Log          *slog.Logger  // default slog.Default()
	FullReplay   bool          // ignore the checkpoint at start
	NewRequestID func() Digest // default random
}

// Gateway answers calls. Safe for concurrent use.
type Gateway struct {
	cfg      Config
	book     *book
	keys     *limitBook[string]
	subjects *limitBook[subjectKey]
	misses   *limitBook[missKey]
	minutes  *minuteBook
	folded   atomic.Uint64 // last record of the checkpoint
	ticking  sync.Mutex
}

type subjectKey struct {
	customer, product string
	subject           Subject
}

type missKey struct{ key, product string }

// Open folds the journal and is then ready to answer. It fails on a journal it
// cannot read in full: a gateway that does not know what was used does not
// start.
func Open(cfg Config) (*Gateway, error) {
	if cfg.Journal == nil || cfg.Permit == nil || cfg.Secrets == nil || cfg.Business == nil || cfg.Real == nil {
		return nil, errors.New("gateway: incomplete configuration")
	}
	if len(cfg.SubjectKey) < MinSecret {
		return nil, errors.New("gateway: the subject key is too short")
	}
	if cfg.Window == 0 {
		cfg.Window = SignatureWindow
	}
	if cfg.Idempotency == 0 {
		cfg.Idempotency = 24 * time.Hour
	}
	if cfg.MaxNonces == 0 {
		cfg.MaxNonces = 16_000_000
	}
	if cfg.EachRefusal == 0 {
		cfg.EachRefusal = 60
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.NewRequestID == nil {
		cfg.NewRequestID = randomID
	}
	g := &Gateway{
		cfg:      cfg,
		keys:     newLimitBook[string](),
		subjects: newLimitBook[subjectKey](),
		misses:   newLimitBook[missKey](),
		minutes:  newMinuteBook(cfg.EachRefusal),
	}
	b, last, err := rebuild(cfg.Journal, g.newBook, cfg.Real(), 0, cfg.FullReplay)
	if err != nil {
		return nil, err
	}
	g.book = b
	cp, err := cfg.Journal.LoadCheckpoint()
	if err != nil {
		return nil, err
	}
	g.folded.Store(min(cp.After, last))
	return g, nil
}

func (g *Gateway) newBook() *book {
	return newBook(g.cfg.Window, g.cfg.Idempotency, g.cfg.MaxNonces)
}

// Tick does what is due: tries to leave read-only mode, journals the counts of finished minutes, forgets what
// has left its window, seals closed segments and renews the checkpoint. Call
// it about every second; Run does.
func (g *Gateway) Tick(ctx context.Context) error {
	g.ticking.Lock()
	defer g.ticking.Unlock()
	real := g.cfg.Real()
	if g.cfg.Journal.Health().ReadOnly {
		g.cfg.Journal.Retry()
	}
	err := g.journalMinutes(ctx, real, false)
	g.book.sweep(real)
	g.keys.sweep(real)
	g.subjects.sweep(real)
	g.misses.sweep(real)
	return errors.Join(err, g.seal(ctx, g.cfg.Journal.Seal))
}

func (g *Gateway) seal(ctx context.Context, seal func(context.Context, func(context.Context, journal.Facts) error) (int, error)) error {
	if g.cfg.Seal == nil {
		return nil
	}
	var last uint64
	_, err := seal(ctx, func(ctx context.Context, f journal.Facts) error {
		err := g.cfg.Seal(ctx, f)
		if err == nil {
			last = f.Last()
		}
		return err
	})
	if last > g.folded.Load() {
		err = errors.Join(err, g.checkpoint(last))
	}
	return err
}

// checkpoint folds the sealed records into the checkpoint file. It works from
// the journal, not from the live memory, so it needs no pause and is exact.
func (g *Gateway) checkpoint(last uint64) error {
	b, done, err := rebuild(g.cfg.Journal, g.newBook, g.cfg.Real(), last, false)
	if err != nil {
		return err
	}
	if err := g.cfg.Journal.SaveCheckpoint(journal.Checkpoint{After: done, State: b.encode()}); err != nil {
		return err
	}
	g.folded.Store(done)
	return nil
}

func (g *Gateway) journalMinutes(ctx context.Context, real time.Time, all bool) error {
	var failed error
	for k, n := range g.minutes.take(real, all) {
		u := Usage{
			Outcome: Summary, At: g.cfg.Business(), Real: time.Unix(k.minute*60, 0),
			Key: k.key, Code: k.code, Count: n,
		}
		if err := g.append(ctx, &u); err != nil {
			g.minutes.back(k, n)
			failed = err
		}
	}
	if failed != nil {
		return fmt.Errorf("journal refusal counts: %w", failed)
	}
	return nil
}

// Run ticks until the context ends. Errors are logged and tried again.
func (g *Gateway) Run(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := g.Tick(ctx); err != nil && ctx.Err() == nil {
				g.cfg.Log.Error("gateway: tick", "error", err)
			}
		}
	}
}

// Close journals what was counted, seals everything and closes the journal.
func (g *Gateway) Close(ctx context.Context) error {
	g.ticking.Lock()
	defer g.ticking.Unlock()
	err := g.journalMinutes(ctx, g.cfg.Real(), true)
	err = errors.Join(err, g.seal(ctx, g.cfg.Journal.SealAll))
	return errors.Join(err, g.cfg.Journal.Close())
}

// Used is how many calls of an order were charged, or are under way, in a
// period on this gateway: for topping up its lease and for the customer's page.
func (g *Gateway) Used(order, period string) int64 {
	return g.book.quotas.counter(quotaKey{order, period}).Load()
}

// Subject is the digest under which this gateway knows a named subject.
func (g *Gateway) Subject(value string) Subject { return SubjectOf(g.cfg.SubjectKey, value) }

// Health is the gateway's state: closed when no call can be answered now.
type Health struct {
	Journal journal.Health
	Fresh   bool // rights are known and not stale
	Nonces  int64
}

// Open reports whether calls can be answered.
func (h Health) Open() bool { return h.Fresh && !h.Journal.ReadOnly && !h.Journal.Broken }

// Health reports the state and changes nothing.
func (g *Gateway) Health() Health {
	h := Health{Journal: g.cfg.Journal.Health(), Nonces: g.book.nonces.count.Load()}
	d := g.cfg.Permit.May(g.cfg.Real(), g.cfg.Business(), Question{})
	h.Fresh = d.Refusal == nil || d.Refusal.Code != FeedStale
	return h
}
