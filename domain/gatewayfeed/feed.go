// Package gatewayfeed tells the gateway what it may do: it reads the platform's records into
// snapshots, keeps the secrets of keys, loads released artefacts, and takes sealed usage back
// into the records. See README.md.
package gatewayfeed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"pado/core/secret"
	"pado/core/store"
	"pado/domain/gateway"
)

// Config of New. Loader and Log may be nil: without a Loader nothing is loaded onto the shelf.
type Config struct {
	DB     *store.DB
	KEK    []byte
	Feed   *gateway.Feed
	Shelf  *gateway.Shelf
	Real   func() time.Time
	Loader func(digest string) ([]byte, error) // released bytes by their SHA-256
	Log    *slog.Logger
}

// Publisher keeps one gateway's feed, secrets and shelf in step with the records. Safe for
// concurrent use.
type Publisher struct {
	cfg Config

	mu   sync.Mutex // serialises Refresh
	size int64      // of the log at the last look
	mark string     // fingerprint of what the snapshot was read from
	last *gateway.Snapshot
	next time.Time // business time at which the snapshot must be read anew

	secrets atomic.Pointer[map[string]gateway.Credential]
	sealed  map[string]string // key id → sealed bytes behind the secret in memory

	loading sync.Mutex
	failed  map[string]time.Time // product and release → real time of the last failure
}

// retryLoad is how long an artefact that could not be loaded is left alone.
const retryLoad = 30 * time.Second

// New makes a publisher. Nothing is published before the first Refresh.
func New(cfg Config) *Publisher {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Publisher{cfg: cfg, sealed: map[string]string{}, failed: map[string]time.Time{}}
}

// Refresh publishes a new snapshot when the records have moved on, or confirms the one in force.
// It is meant to be called about every 300 ms; the gateway closes when it stays away for a
// second. An error leaves the snapshot before in force, which then goes stale.
func (p *Publisher) Refresh(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	asOf := p.cfg.Real()
	var size int64
	var mark string
	var b *built
	err := p.cfg.DB.View(ctx, func(r *store.ReadTx) (err error) {
		if size, err = r.LogSize(); err != nil {
			return err
		}
		due := p.last == nil || !p.next.IsZero() && !r.Now().Before(p.next)
		if size == p.size && !due {
			return nil
		}
		if mark, err = fingerprint(r); err != nil || mark == p.mark && !due {
			return err
		}
		b, err = build(r)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the rights: %w", err)
	}
	if b == nil {
		p.size = size
		return p.cfg.Feed.Confirm(p.last.Version, asOf)
	}
	secrets, err := p.open(b)
	if err != nil {
		return err
	}
	for _, fault := range b.faults {
		p.cfg.Log.ErrorContext(ctx, "a product the gateway cannot serve", "error", fault)
	}
	s := b.snapshot
	s.Version, s.AsOf = size, asOf
	p.keep(s)
	if p.last == nil && p.loading.TryLock() { // at the start nothing can go stale yet
		p.load(ctx, s)
		p.loading.Unlock()
	}
	if err := p.cfg.Feed.Publish(s); err != nil {
		return fmt.Errorf("publish the rights: %w", err)
	}
	p.secrets.Store(&secrets)
	p.last, p.size, p.mark, p.next = s, size, mark, b.next
	return nil
}

// Run refreshes until the context ends and loads artefacts beside it. Errors are logged and
// tried again.
func (p *Publisher) Run(ctx context.Context, every time.Duration) {
	var loader sync.WaitGroup
	defer loader.Wait()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := p.Refresh(ctx); err != nil && ctx.Err() == nil {
			p.cfg.Log.ErrorContext(ctx, "gateway feed", "error", err)
		}
		if p.loading.TryLock() {
			loader.Go(func() {
				defer p.loading.Unlock()
				p.missing(ctx)
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Load puts every released artefact the present snapshot serves onto the shelf. Run does so by
// itself; a large one takes longer than the feed may stay away, so it is not part of Refresh.
func (p *Publisher) Load(ctx context.Context) {
	p.loading.Lock()
	defer p.loading.Unlock()
	p.missing(ctx)
}

func (p *Publisher) missing(ctx context.Context) {
	p.mu.Lock()
	s := p.last
	p.mu.Unlock()
	if s != nil {
		p.load(ctx, s)
	}
}

// load reads what the snapshot serves and the shelf does not hold. A release that cannot be
// loaded is not served; the others are.
func (p *Publisher) load(ctx context.Context, s *gateway.Snapshot) {
	if p.cfg.Loader == nil || p.cfg.Shelf == nil {
		return
	}
	now := p.cfg.Real()
	for id, product := range s.Products {
		held, ok := p.cfg.Shelf.Release(id)
		if product.Kind != gateway.DataAPI || product.State != gateway.Active {
			if ok && product.State == gateway.Ended {
				p.cfg.Shelf.Remove(id)
			}
			continue
		}
		key := id + "\n" + product.Release
		if ok && held == product.Release || now.Sub(p.failed[key]) < retryLoad {
			continue
		}
		bytes, err := p.cfg.Loader(product.Release)
		var table *gateway.Table
		if err == nil {
			table, err = gateway.LoadTable(product, bytes, gateway.JSONLines)
		}
		if err != nil {
			p.failed[key] = now
			p.cfg.Log.ErrorContext(ctx, "load a released artefact", "product", id, "release", product.Release, "error", err)
			continue
		}
		delete(p.failed, key)
		p.cfg.Shelf.Put(table)
	}
}

// keep shares unchanged products with the snapshot before and leaves out those whose
// declaration the gateway refuses, so that one of them does not close it for all.
func (p *Publisher) keep(s *gateway.Snapshot) {
	for id, product := range s.Products {
		if p.last != nil {
			if before := p.last.Products[id]; before != nil && reflect.DeepEqual(before, product) {
				s.Products[id] = before
				continue
			}
		}
		if err := gateway.NewFeed(0).Publish(&gateway.Snapshot{Products: map[string]*gateway.Product{id: product}}); err != nil {
			p.cfg.Log.Error("a product the gateway cannot serve", "product", id, "error", err)
			delete(s.Products, id)
		}
	}
}

// open makes the secrets of the snapshot's keys; those already open are kept.
func (p *Publisher) open(b *built) (map[string]gateway.Credential, error) {
	out := make(map[string]gateway.Credential, len(b.sealed))
	var before map[string]gateway.Credential
	if m := p.secrets.Load(); m != nil {
		before = *m
	}
	for _, k := range b.sealed {
		if c, ok := before[k.ID]; ok && p.sealed[k.ID] == string(k.Sealed) {
			out[k.ID] = c
			continue
		}
		plain, err := secret.Open(p.cfg.KEK, label(k.ID), k.Sealed)
		if errors.Is(err, secret.ErrOpen) {
			p.cfg.Log.Error("the secret of a key does not open", "key", k.ID)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("open the secret of %s: %w", k.ID, err)
		}
		out[k.ID] = gateway.Credential{Algorithm: gateway.Algorithm(k.Algorithm), Secret: plain}
	}
	kept := make(map[string]string, len(b.sealed))
	for _, k := range b.sealed {
		kept[k.ID] = string(k.Sealed)
	}
	p.sealed = kept
	return out, nil
}

// Secret implements gateway.Secrets from memory.
func (p *Publisher) Secret(key string) (gateway.Credential, bool) {
	m := p.secrets.Load()
	if m == nil {
		return gateway.Credential{}, false
	}
	c, ok := (*m)[key]
	return c, ok
}
