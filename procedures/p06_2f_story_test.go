package procedures_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/gateway"
	"pado/domain/gateway/journal"
	"pado/domain/gatewayfeed"
)

// node is one gateway over the market's records. Its real clock is the market's.
type node struct {
	*gateway.Gateway
	m         *market
	pub       *gatewayfeed.Publisher
	keys      gatewayfeed.Keys
	journal   *journal.Journal
	seal      func(context.Context, journal.Facts) error
	nonce     int
	customers map[string]gateway.Credential
}

var kek = make([]byte, 32)

func (m *market) node(dir string) *node {
	m.t.Helper()
	real := func() time.Time { return m.clock.At }
	feed, shelf := gateway.NewFeed(0), new(gateway.Shelf)
	j, err := journal.Open(journal.Options{Dir: dir, Node: "g1", SegmentBytes: 256 << 10, Now: real})
	m.must(err)
	m.t.Cleanup(func() { j.Close() })
	n := &node{m: m, journal: j, keys: gatewayfeed.Keys{DB: m.db, KEK: kek}, customers: map[string]gateway.Credential{},
		seal: gatewayfeed.Seal(m.db, j.Replay),
		pub: gatewayfeed.New(gatewayfeed.Config{DB: m.db, KEK: kek, Feed: feed, Shelf: shelf, Real: real, Loader: func(digest string) ([]byte, error) {
			if digest != release {
				return nil, store.ErrNotFound
			}
			return artefactRows, nil
		}})}
	n.Gateway, err = gateway.Open(gateway.Config{Journal: j, Permit: feed, Secrets: n.pub, SubjectKey: make([]byte, 32), Sources: map[gateway.Kind]gateway.Source{gateway.DataAPI: shelf},
		Business: real, Real: real, Seal: n.seal})
	m.must(err)
	return n
}

func (n *node) issue(person, order, replaces string) gatewayfeed.IssuedKey {
	n.m.t.Helper()
	k, err := n.keys.Issue(ctx, n.m.actor(person), order, "", replaces)
	n.m.must(err)
	b, err := hex.DecodeString(k.Secret)
	n.m.must(err)
	n.customers[k.ID] = gateway.Credential{Algorithm: gateway.Algorithm(k.Algorithm), Secret: b}
	return k
}

// call signs a request and returns the refusal's code, "" when it was answered.
func (n *node) call(key, product string) (gateway.Code, gateway.Reply) {
	n.m.t.Helper()
	n.m.must(n.pub.Refresh(ctx))
	reply := n.Call(ctx, n.request(key, product))
	if reply.Refusal != nil {
		return reply.Refusal.Code, reply
	}
	return "", reply
}

func (n *node) request(key, product string) *gateway.Request {
	n.m.t.Helper()
	n.nonce++
	r := &gateway.Request{Product: product}
	r.Signed = gateway.Signed{Method: http.MethodGet, Path: gateway.InvokePath(product), Key: key, Time: strconv.FormatInt(n.m.clock.At.Unix(), 10), Nonce: fmt.Sprintf("nonce-%014d", n.nonce)}
	var err error
	r.Signature, err = gateway.Sign(n.customers[key], r.Signed)
	n.m.must(err)
	return r
}

func (n *node) want(key, product string, code gateway.Code) {
	n.m.t.Helper()
	if got, _ := n.call(key, product); got != code {
		n.m.t.Fatalf("the call was answered %q, want %q", got, code)
	}
}

func TestKeysAndCalls(t *testing.T) {
	eachMarket(t, func(t *testing.T, m *market) {
		m.inForce(m.tariff("pd-1", price("general", "1.00"), price("small_firm", "0.50")))
		no, id := m.ordered(m.orderForm())
		n := m.node(t.TempDir())
		if _, err := n.keys.Issue(ctx, m.actor(m.other), id, "", ""); err != store.ErrNotFound {
			t.Errorf("another customer's order: %v", err)
		}
		if _, err := n.keys.Issue(ctx, m.actor(m.operator), id, "", ""); err != store.ErrNotFound {
			t.Errorf("the operator issued a customer's key: %v", err)
		}
		_, err := n.keys.Issue(ctx, m.actor(m.customer), id, "HMAC-MD5", "")
		m.refused(err, "key.algorithm")
		k := n.issue(m.customer, id, "")
		n.want(k.ID, "pd-1", "")
		n.want(k.ID, "pd-2", gateway.ProductNotOrdered)

		// Rotation: the old key works for a day beside the new one.
		k2 := n.issue(m.customer, id, k.ID)
		n.want(k.ID, "pd-1", "")
		n.want(k2.ID, "pd-1", "")
		n.want(k2.ID, "pd-1", gateway.QuotaExhausted)
		m.clock.At = m.clock.At.Add(gatewayfeed.Overlap)
		n.want(k.ID, "pd-1", gateway.KeyNotInForce)
		m.refusedErr(n.keys.Issue(ctx, m.actor(m.customer), id, "", k.ID))("key.replaces")

		// The next month has its own quota although nothing was written meanwhile.
		m.clock.At = time.Date(2026, 4, 1, 0, 0, 0, 0, calendar.Shanghai)
		n.want(k2.ID, "pd-1", "")

		// What stops a call, the moment it is committed.
		m.write(`UPDATE product SET state = 'suspended' WHERE id = 'pd-1'`)
		n.want(k2.ID, "pd-1", gateway.ProductSuspended)
		m.write(`UPDATE product SET state = 'published' WHERE id = 'pd-1'`)
		m.write(`UPDATE product_version SET terms_digest = 'c1' WHERE product = 'pd-1'`)
		m.write(`UPDATE product SET version = 1, doc_no = 'y' WHERE id = 'pd-1'`)
		m.write(`UPDATE feed_version SET version = version + 1`)
		n.want(k2.ID, "pd-1", gateway.TermsNotAccepted)
		m.write(`UPDATE product_version SET terms_digest = $1 WHERE product = 'pd-1'`, termsDigest)
		m.write(`UPDATE feed_version SET version = version + 1`)
		m.write(`UPDATE org SET status = 'suspended' WHERE id = $1`, m.cuOrg)
		n.want(k2.ID, "pd-1", gateway.OrderSuspended)
		m.write(`UPDATE org SET status = 'active' WHERE id = $1`, m.cuOrg)
		m.write(`UPDATE agreement SET state = 'suspended'`)
		n.want(k2.ID, "pd-1", gateway.AgreementSuspended)
		m.write(`UPDATE agreement SET state = 'in_force'`)
		n.want(k2.ID, "pd-1", "")
		if err := n.keys.Revoke(ctx, m.actor(m.other), k2.ID); err != store.ErrNotFound {
			t.Errorf("another customer's key: %v", err)
		}
		m.must(n.keys.Revoke(ctx, m.actor(m.customer), k2.ID))
		m.must(n.keys.Revoke(ctx, m.actor(m.customer), k2.ID))
		n.want(k2.ID, "pd-1", gateway.KeyRevoked)
		list, err := n.keys.List(ctx, m.actor(m.customer), id)
		if err != nil || len(list) != 2 || list[0].Active || list[1].Active {
			t.Errorf("the list of keys: %+v %v", list, err)
		}
		k3 := n.issue(m.customer, id, "")
		n.want(k3.ID, "pd-1", "")
		m.must(m.do(m.customer, no, "close", procedure.Act{Opinion: "不再需要"}))
		if code, _ := n.call(k3.ID, "pd-1"); code == "" {
			t.Error("a closed order was served")
		}
		_, err = n.keys.Issue(ctx, m.actor(m.customer), id, "", "")
		m.refused(err, "key.order")
		storetest.Verify(t, m.db)
	})
}

func (m *market) refusedErr(_ gatewayfeed.IssuedKey, err error) func(code string) {
	return func(code string) { m.t.Helper(); m.refused(err, code) }
}

func TestSealOnceAndLateUsage(t *testing.T) {
	eachMarket(t, func(t *testing.T, m *market) {
		m.inForce(m.tariff("pd-1", price("general", "1.00"), price("small_firm", "0.50")))
		form := m.orderForm()
		form["quota"] = 100
		_, id := m.ordered(form)
		n := m.node(t.TempDir())
		k := n.issue(m.customer, id, "")
		for range 3 {
			n.want(k.ID, "pd-1", "")
		}
		var facts []journal.Facts
		seal := func(ctx context.Context, f journal.Facts) error { facts = append(facts, f); return n.seal(ctx, f) }
		if _, err := n.journal.SealAll(ctx, seal); err != nil {
			t.Fatal(err)
		}
		for range 3 { // after a crash the callback sees the same facts again
			m.must(n.seal(ctx, facts[0]))
		}
		forged := facts[0]
		forged.SHA256 = "00"
		if err := n.seal(ctx, forged); err != gatewayfeed.ErrSegment {
			t.Errorf("other bytes under the same name: %v", err)
		}
		usage := func(month string) (calls, late int64) {
			m.read(func(r *store.ReadTx) error {
				return r.Each(`SELECT calls, late_calls FROM usage_month WHERE month = $1`, []any{month}, func(scan func(...any) error) error { return scan(&calls, &late) })
			})
			return calls, late
		}
		if c, _ := usage("2026-03"); c != 3 {
			t.Fatalf("%d calls counted, made 3", c)
		}
		n.want(k.ID, "pd-1", "")
		m.write(`UPDATE books SET closed_through = '2026-03'`)
		if _, err := n.journal.SealAll(ctx, seal); err != nil {
			t.Fatal(err)
		}
		if c, late := usage("2026-04"); c != 1 || late != 1 {
			t.Errorf("a late call: %d counted, %d late", c, late)
		}
		if c, _ := usage("2026-03"); c != 3 {
			t.Error("a closed month changed")
		}
		storetest.Verify(t, m.db)
	})
}
