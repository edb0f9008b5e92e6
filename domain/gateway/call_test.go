package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pado/domain/gateway"
	"pado/domain/gateway/gatewaytest"
	"pado/domain/gateway/journal"
)

var ctx = context.Background()

func code(r gateway.Reply) gateway.Code {
	if r.Refusal == nil {
		return ""
	}
	return r.Refusal.Code
}

func heat(w *gatewaytest.World) *gateway.Request {
	return w.Request(gatewaytest.HeatKey, gatewaytest.Heat, "limit=1", nil)
}

func idempotent(w *gatewaytest.World, key, query string) *gateway.Request {
	r := w.Request(gatewaytest.HeatKey, gatewaytest.Heat, query, nil)
	r.Idempotency = key
	w.Sign(r)
	return r
}

// records are the usage records of a journal directory at rest.
func records(t testing.TB, dir string) []gateway.Record {
	t.Helper()
	var out []gateway.Record
	for r, err := range gateway.Usages(journal.Read(dir, 1)) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func count(list []gateway.Record, o gateway.Outcome) (n int) {
	for _, r := range list {
		if r.Outcome == o {
			n++
		}
	}
	return n
}

// pulled copies the journal as a power cut at this instant would leave it.
func pulled(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestReplayIsRefused(t *testing.T) {
	w, dir := gatewaytest.New(t), t.TempDir()
	g := w.Open(t, dir)
	r := heat(w)
	if c := code(g.Call(ctx, r)); c != "" {
		t.Fatal(c)
	}
	if c := code(g.Call(ctx, r)); c != gateway.NonceReplayed {
		t.Fatal(c)
	}
	// Signing it again with another time makes no new nonce of it.
	w.Pass(17*time.Second, true)
	again := *r
	again.Time = strconv.FormatInt(w.Real().Unix(), 10)
	w.Sign(&again)
	if c := code(g.Call(ctx, &again)); c != gateway.NonceReplayed {
		t.Fatalf("signed again: %q", c)
	}
	w.Pass(-17*time.Second, true)
	// After a crash the nonce is still known.
	h := w.Open(t, pulled(t, dir))
	if c := code(h.Call(ctx, r)); c != gateway.NonceReplayed {
		t.Fatalf("after a restart: %q", c)
	}
	// It is forgotten only when its time is refused anyway, and a clock set
	// back does not revive it.
	w.Pass(5*time.Minute, true)
	if c := code(g.Call(ctx, r)); c != gateway.NonceReplayed {
		t.Fatalf("at the end of the window: %q", c)
	}
	w.Pass(time.Minute, true)
	if err := g.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	if n := g.Health().Nonces; n != 0 {
		t.Fatalf("%d nonces kept", n)
	}
	if c := code(g.Call(ctx, r)); c != gateway.TimeOutsideWindow {
		t.Fatal(c)
	}
	w.Pass(-6*time.Minute, false)
	if c := code(g.Call(ctx, r)); c != gateway.NonceReplayed {
		t.Fatalf("clock set back: %q", c)
	}
}

func TestReplayRace(t *testing.T) {
	w := gatewaytest.New(t)
	g := w.Open(t, t.TempDir())
	r := heat(w)
	var answered atomic.Int32
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if code(g.Call(ctx, r)) == "" {
				answered.Add(1)
			}
		})
	}
	wg.Wait()
	if n := answered.Load(); n != 1 {
		t.Fatalf("answered %d times", n)
	}
}

func TestStaleFeedFailsClosed(t *testing.T) {
	w := gatewaytest.New(t)
	g := w.Open(t, t.TempDir())
	for _, step := range []struct {
		pass    time.Duration
		confirm bool
		want    gateway.Code
	}{
		{time.Second, false, ""},
		{1, false, gateway.FeedStale},
		{0, true, ""},
		{time.Hour, false, gateway.FeedStale},
		{0, true, ""},
		{-time.Second - 1, false, gateway.FeedStale}, // dated in the future
	} {
		w.Pass(step.pass, step.confirm)
		if c := code(g.Call(ctx, heat(w))); c != step.want {
			t.Fatalf("after %v: %q, want %q", step.pass, c, step.want)
		}
		if open := g.Health().Open(); open != (step.want == "") {
			t.Fatalf("after %v: open %v", step.pass, open)
		}
	}
	// Business time may stand wherever it likes: staleness is real time.
	w.Pass(time.Second+1, true)
	w.SetBusiness(epoch.AddDate(0, 0, 3))
	if c := code(g.Call(ctx, heat(w))); c != "" {
		t.Fatal(c)
	}
	empty := gateway.NewFeed(0)
	if d := empty.May(epoch, epoch, gateway.Question{}); d.Refusal == nil || d.Refusal.Code != gateway.FeedStale {
		t.Fatal("an empty feed answered")
	}
	old := *w.Snapshot
	old.Version--
	if err := w.Feed.Publish(&old); !errors.Is(err, gateway.ErrOlder) {
		t.Fatal(err)
	}
	if err := w.Feed.Confirm(w.Snapshot.Version+1, w.Real()); err == nil {
		t.Fatal("confirmed a version that is not in force")
	}
}

// Expiry needs no news: the very instant is compared at each call.
func TestExpiryNeedsNoFeed(t *testing.T) {
	w := gatewaytest.New(t)
	g := w.Open(t, t.TempDir())
	end := w.Snapshot.Agreements["A-1"].Span.Until
	key(gatewaytest.HeatKey, func(k *gateway.Key) { k.Span.Until = time.Time{} })(w, nil)
	order("O-HEAT", func(o *gateway.Order) {
		o.Span.Until, o.Quota = time.Time{}, []gateway.Allowance{{Period: "total", Calls: -1}}
	})(w, nil)
	product(gatewaytest.Heat, func(p *gateway.Product) { p.Listing.Span.Until = time.Time{} })(w, nil)
	w.Publish(t)
	w.SetBusiness(end.Add(-1))
	if c := code(g.Call(ctx, heat(w))); c != "" {
		t.Fatal(c)
	}
	w.SetBusiness(end)
	if c := code(g.Call(ctx, heat(w))); c != gateway.AgreementExpired {
		t.Fatal(c)
	}
}

func TestSuspensionWithTheNextSnapshot(t *testing.T) {
	w := gatewaytest.New(t)
	g := w.Open(t, t.TempDir())
	if c := code(g.Call(ctx, heat(w))); c != "" {
		t.Fatal(c)
	}
	key(gatewaytest.HeatKey, func(k *gateway.Key) { k.State = gateway.Suspended })(w, nil)
	w.Publish(t)
	if c := code(g.Call(ctx, heat(w))); c != gateway.KeySuspended {
		t.Fatal(c)
	}
}

// A source that fails charges nothing and leaves its trace.
type failing struct{}

func (failing) Lookup(context.Context, *gateway.Query) (gateway.Page, error) {
	return gateway.Page{}, errors.New("engine text with a value 4711")
}

func TestSourceFailureIsNotCharged(t *testing.T) {
	w, dir := gatewaytest.New(t), t.TempDir()
	quota(w, t, 1)
	g := w.Open(t, dir, func(c *gateway.Config) { c.Sources = map[gateway.Kind]gateway.Source{gateway.DataAPI: failing{}} })
	for range 3 {
		reply := g.Call(ctx, idempotent(w, "order-0001", "limit=1"))
		if code(reply) != gateway.SourceUnavailable || strings.Contains(reply.Refusal.Message, "4711") {
			t.Fatal(reply.Refusal)
		}
	}
	if g.Used("O-HEAT", "2026-09") != 0 {
		t.Fatal("charged")
	}
	list := records(t, pulled(t, dir))
	if len(list) != 3 || count(list, gateway.Failed) != 3 || list[0].Code != gateway.SourceUnavailable {
		t.Fatalf("%+v", list)
	}
}

func TestRateLimit(t *testing.T) {
	w := gatewaytest.New(t)
	key(gatewaytest.HeatKey, func(k *gateway.Key) { k.Rate = gateway.Rate{Calls: 60, Per: time.Minute, Burst: 3} })(w, nil)
	w.Publish(t)
	g := w.Open(t, t.TempDir())
	pattern := func(n int) (s string) {
		for range n {
			if code(g.Call(ctx, heat(w))) == "" {
				s += "+"
			} else {
				s += "-"
			}
		}
		return s
	}
	if got := pattern(5); got != "+++--" {
		t.Fatal(got)
	}
	w.Pass(2*time.Second, true)
	if got := pattern(3); got != "++-" {
		t.Fatal(got)
	}
	// A new rate counts from now on.
	key(gatewaytest.HeatKey, func(k *gateway.Key) { k.Rate = gateway.Rate{Calls: 5, Per: time.Second, Burst: 5} })(w, nil)
	w.Publish(t)
	if got := pattern(1); got != "-" {
		t.Fatal(got)
	}
	w.Pass(time.Second, true)
	if got := pattern(6); got != "+++++-" {
		t.Fatal(got)
	}
}

func credit(w *gatewaytest.World, firm string) *gateway.Request {
	return w.Request(gatewaytest.CreditKey, gatewaytest.Credit, "", map[string]any{"firm": firm})
}

func TestNamedSubject(t *testing.T) {
	w, dir := gatewaytest.New(t), t.TempDir()
	order("O-CREDIT", func(o *gateway.Order) { o.Basis = "法定依据-3" })(w, nil)
	w.Publish(t)
	g := w.Open(t, dir)
	// One subject, three calls an hour.
	for i := range 4 {
		want := gateway.Code("")
		if i == 3 {
			want = gateway.SubjectRateLimited
		}
		if c := code(g.Call(ctx, credit(w, gatewaytest.Known))); c != want {
			t.Fatalf("call %d: %q", i, c)
		}
	}
	// Guessing: two firms that do not exist are answered, then no more for an
	// hour, not even for one that does.
	firms := []string{gatewaytest.Unknown, "11140600MB1A23457X"}
	for _, firm := range firms {
		reply := g.Call(ctx, credit(w, firm))
		if code(reply) != "" || reply.Page.Count != 0 || string(reply.Page.Rows) != "[]" {
			t.Fatalf("%q %s", code(reply), reply.Page.Rows)
		}
	}
	if c := code(g.Call(ctx, credit(w, gatewaytest.Unknown))); c != gateway.Enumeration {
		t.Fatal(c)
	}
	w.Pass(59*time.Minute, true)
	if err := g.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	w.Pass(time.Minute, true)
	reply := g.Call(ctx, credit(w, gatewaytest.Known))
	if code(reply) != "" || string(reply.Page.Rows) != `[{"licences":3,"status":"存续"}]` {
		t.Fatalf("%q %s", code(reply), reply.Page.Rows)
	}
	// Neither the number nor a row is in the journal, the digest is.
	after := pulled(t, dir)
	entries, err := os.ReadDir(after)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(after, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{gatewaytest.Known, gatewaytest.Unknown, "存续"} {
			if bytes.Contains(b, []byte(secret)) {
				t.Fatalf("%s is in %s", secret, e.Name())
			}
		}
	}
	for _, r := range records(t, after) {
		if r.Outcome == gateway.Charged && (r.Subject.IsZero() || r.Basis != "法定依据-3") {
			t.Fatalf("%+v", r)
		}
	}
}

// What a record says of a charged and of a refused call.
func TestUsageRecord(t *testing.T) {
	w, dir := gatewaytest.New(t), t.TempDir()
	w.SetBusiness(epoch.Add(time.Hour))
	g := w.Open(t, dir)
	reply := g.Call(ctx, w.Request(gatewaytest.HeatKey, gatewaytest.Heat, "limit=2&columns=month,households", nil))
	if code(reply) != "" || string(reply.Page.Rows) != `[{"month":"2026-01-01","households":100},{"month":"2026-02-01","households":101}]` {
		t.Fatalf("%q %s", code(reply), reply.Page.Rows)
	}
	refused := g.Call(ctx, w.Request(gatewaytest.HeatKey, gatewaytest.Credit, "", nil))
	anonymous := heat(w)
	anonymous.Signature = strings.Repeat("0", 64)
	for range 5 {
		g.Call(ctx, anonymous)
	}
	w.Pass(time.Minute, true)
	if err := g.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	list := records(t, pulled(t, dir))
	if len(list) != 3 {
		t.Fatalf("%d records", len(list))
	}
	a, b, c := list[0], list[1], list[2]
	if a.Outcome != gateway.Charged || a.Request != reply.Request || a.Price != "F-1.2" || a.Period != "2026-09" || a.Order != "O-HEAT" ||
		a.Customer != gatewaytest.Customer || a.Product != gatewaytest.Heat || a.Agreement != "A-1" || a.Purpose != "供热调度" ||
		a.Columns != "month,households" || a.Rows != 2 || int(a.Bytes) != len(reply.Page.Rows) || a.Key != gatewaytest.HeatKey ||
		!a.At.Equal(epoch.Add(time.Hour)) || !a.Real.Equal(epoch) || a.Snapshot != w.Snapshot.Version || a.Count != 1 || a.Code != "" ||
		a.Release != w.Snapshot.Products[gatewaytest.Heat].Release || a.Answered == (gateway.Digest{}) {
		t.Errorf("%+v", a)
	}
	if b.Outcome != gateway.Refused || b.Code != gateway.ProductNotOrdered || b.Request != refused.Request || b.Key != gatewaytest.HeatKey || b.Rows != 0 {
		t.Errorf("%+v", b)
	}
	if c.Outcome != gateway.Summary || c.Key != "" || c.Code != gateway.SignatureRefused || c.Count != 5 || !c.Real.Equal(epoch.Truncate(time.Minute)) {
		t.Errorf("%+v", c)
	}
}

// A flood of refusals of one key does not flood the journal; every one is
// still accounted for.
func TestRefusalFlood(t *testing.T) {
	w, dir := gatewaytest.New(t), t.TempDir()
	key(gatewaytest.HeatKey, func(k *gateway.Key) { k.Rate = gateway.Rate{} })(w, nil)
	w.Publish(t)
	g := w.Open(t, dir, func(c *gateway.Config) { c.EachRefusal = 4 })
	const calls = 50
	for range calls {
		g.Call(ctx, heat(w))
	}
	if err := g.Close(ctx); err != nil {
		t.Fatal(err)
	}
	total, single := uint64(0), 0
	for _, r := range records(t, dir) {
		if r.Code != gateway.RateLimited || r.Key != gatewaytest.HeatKey {
			t.Fatalf("%+v", r)
		}
		total += r.Count
		if r.Outcome == gateway.Refused {
			single++
		}
	}
	if total != calls || single != 4 {
		t.Fatalf("%d refusals accounted for, %d one by one", total, single)
	}
}

func TestOpenAPI(t *testing.T) {
	w := gatewaytest.New(t)
	doc, err := w.Snapshot.OpenAPI(epoch, nil)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "openapi.golden.json", string(doc)+"\n")
	product(gatewaytest.Heat, func(p *gateway.Product) { p.State = gateway.Suspended })(w, nil)
	product(gatewaytest.Credit, func(p *gateway.Product) { p.Listing.Span = ended })(w, nil)
	doc, err = w.Snapshot.OpenAPI(epoch, nil)
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct{ Paths map[string]any }
	if err := json.Unmarshal(doc, &parsed); err != nil || len(parsed.Paths) != 0 {
		t.Fatal(err, parsed.Paths)
	}
}
