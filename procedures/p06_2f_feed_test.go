package procedures_test

import (
	"testing"
	"time"

	"pado/core/store"
	"pado/domain/gateway"
	"pado/domain/gatewayfeed"
)

// One product that cannot be served does not close the gateway for the others; a release whose
// bytes are not there, or not the registered ones, is never served.
func TestFeedServesWhatItCan(t *testing.T) {
	m := openMarket(t, store.SQLite, release)
	m.inForce(m.tariff("pd-1", price("general", "1.00"), price("small_firm", "0.50")))
	m.inForce(m.tariff("pd-2", price("public", "0.00")))
	form := m.orderForm()
	form["quota"] = 1000
	_, id := m.ordered(form)
	form["product"] = "pd-2"
	_, id2 := m.ordered(form)
	m.write(`UPDATE product_version SET columns = '{' WHERE product = 'pd-2'`)
	n := m.node(t.TempDir())
	k, k2 := n.issue(m.customer, id, ""), n.issue(m.customer, id2, "")
	n.want(k.ID, "pd-1", "")
	n.want(k2.ID, "pd-2", gateway.ProductUnpublished)
	m.write(`UPDATE product_version SET columns = '[{"name":"Not A Name","type":"string"}]', params = '[]' WHERE product = 'pd-2'`)
	m.write(`UPDATE feed_version SET version = version + 1`)
	n.want(k2.ID, "pd-2", gateway.ProductUnpublished)
	n.want(k.ID, "pd-1", "")

	// Another release is registered, but its bytes are not there yet.
	other := gateway.ArtefactDigest([]byte("x"))
	m.write(`UPDATE product_version SET artefact = $1 WHERE product = 'pd-1'`, other)
	m.write(`UPDATE product SET artefact = $1 WHERE id = 'pd-1'`, other)
	if code, _ := n.call(k.ID, "pd-1"); code == "" {
		t.Fatal("an old release was served for the new one")
	}
	n.pub.Load(ctx)
	if code, _ := n.call(k.ID, "pd-1"); code == "" {
		t.Fatal("a release without its bytes was served")
	}
	m.write(`UPDATE product_version SET artefact = $1 WHERE product = 'pd-1'`, release)
	m.write(`UPDATE product SET artefact = $1 WHERE id = 'pd-1'`, release)
	m.clock.At = m.clock.At.Add(time.Minute)
	if code, _ := n.call(k.ID, "pd-1"); code != "" {
		t.Fatalf("the registered release was refused: %s", code)
	}

	// A secret that does not open is no key; the others work.
	m.write(`UPDATE api_key SET sealed = $1 WHERE id = $2`, []byte("not sealed"), k2.ID)
	m.write(`UPDATE feed_version SET version = version + 1`)
	n.want(k2.ID, "pd-2", gateway.SignatureRefused)
	n.want(k.ID, "pd-1", "")

	// The publisher dies: a second later nothing is answered.
	r := n.request(k.ID, "pd-1")
	m.clock.At = m.clock.At.Add(2 * time.Second)
	if reply := n.Call(ctx, r); reply.Refusal == nil || reply.Refusal.Code != gateway.FeedStale {
		t.Errorf("answered from a dead feed: %+v", reply.Refusal)
	}
	n.want(k.ID, "pd-1", "")
}

func TestTooManyKeys(t *testing.T) {
	m := openMarket(t, store.SQLite, release)
	m.inForce(m.tariff("pd-1", price("general", "1.00"), price("small_firm", "0.50")))
	_, id := m.ordered(m.orderForm())
	n := m.node(t.TempDir())
	for range gatewayfeed.MaxKeys {
		n.issue(m.customer, id, "")
	}
	_, err := n.keys.Issue(ctx, m.actor(m.customer), id, "", "")
	m.refused(err, "key.many")
	var plain int
	m.read(func(r *store.ReadTx) error {
		return r.Get(&plain, `SELECT COUNT(*) FROM audit_leaf WHERE type LIKE 'key%' AND action = 'issue' AND result = 'done'`)
	})
	if plain != gatewayfeed.MaxKeys {
		t.Errorf("%d entries for %d keys", plain, gatewayfeed.MaxKeys)
	}
}
