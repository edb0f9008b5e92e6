// Package gatewaytest makes a small city for tests of the gateway and of its
// faces: one aggregated product, one about named subjects, a customer with a
// key for each, and clocks that stand still until a test moves them.
package gatewaytest

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pado/domain/gateway"
	"pado/domain/gateway/journal"
)

// Ids of the city.
const (
	Heat      = "P-HEAT"   // monthly heat supply by county
	Credit    = "P-CREDIT" // licence status of one named firm
	HeatKey   = "K-HEAT"
	CreditKey = "K-CREDIT"
	Customer  = "C-1"
	Known     = "91350100M000100Y43" // a firm the credit table knows
	Unknown   = "12140600K12345677Y" // a firm it does not
	Consent   = "TY-1"               // consent of the known firm
)

// World is the city and what the gateway is given of it.
type World struct {
	business, real atomic.Int64
	Snapshot       *gateway.Snapshot
	Feed           *gateway.Feed
	Shelf          *gateway.Shelf
	Credentials    map[string]gateway.Credential
	SubjectKey     []byte
	Sealed         []journal.Facts

	mu    sync.Mutex
	nonce int
}

// Epoch is where both clocks begin.
var Epoch = time.Date(2026, 9, 21, 8, 0, 0, 0, time.UTC)

// New makes the city with every condition of every call fulfilled.
func New(t testing.TB) *World {
	t.Helper()
	w := &World{
		Feed:       gateway.NewFeed(0),
		Shelf:      new(gateway.Shelf),
		SubjectKey: []byte("subject key of a city that is not"),
		Credentials: map[string]gateway.Credential{
			HeatKey:   {Algorithm: gateway.HMACSHA256, Secret: []byte("secret of the heat key, 32 bytes at least")},
			CreditKey: {Algorithm: gateway.HMACSM3, Secret: []byte("secret of the credit key, 32 bytes at least")},
		},
	}
	w.business.Store(Epoch.UnixNano())
	w.real.Store(Epoch.UnixNano())
	heat, credit := w.heatRows(), w.creditRows()
	w.Snapshot = w.snapshot(gateway.ArtefactDigest(heat), gateway.ArtefactDigest(credit))
	for id, artefact := range map[string][]byte{Heat: heat, Credit: credit} {
		table, err := gateway.LoadTable(w.Snapshot.Products[id], artefact, gateway.JSONLines)
		if err != nil {
			t.Fatal(err)
		}
		w.Shelf.Put(table)
	}
	w.Publish(t)
	return w
}

// Business and Real are the clocks.
func (w *World) Business() time.Time { return time.Unix(0, w.business.Load()).UTC() }

// Real is the process's clock.
func (w *World) Real() time.Time { return time.Unix(0, w.real.Load()).UTC() }

// SetBusiness moves business time.
func (w *World) SetBusiness(at time.Time) { w.business.Store(at.UnixNano()) }

// Pass moves real time and confirms the feed, unless it is to go stale.
func (w *World) Pass(d time.Duration, confirm bool) {
	w.real.Add(int64(d))
	if confirm {
		_ = w.Feed.Confirm(w.Snapshot.Version, w.Real())
	}
}

// Publish puts the snapshot, as changed by the test, in force.
func (w *World) Publish(t testing.TB) {
	t.Helper()
	s := *w.Snapshot
	s.Version++
	s.AsOf = w.Real()
	w.Snapshot = &s
	if err := w.Feed.Publish(&s); err != nil {
		t.Fatal(err)
	}
}

// Secret implements gateway.Secrets.
func (w *World) Secret(key string) (gateway.Credential, bool) {
	c, ok := w.Credentials[key]
	return c, ok
}

// Open starts a gateway of the city over a journal directory.
func (w *World) Open(t testing.TB, dir string, change ...func(*gateway.Config)) *gateway.Gateway {
	t.Helper()
	return w.OpenSized(t, dir, 256<<10, change...)
}

// OpenSized is Open with segments of another size.
func (w *World) OpenSized(t testing.TB, dir string, segment int64, change ...func(*gateway.Config)) *gateway.Gateway {
	t.Helper()
	j, err := journal.Open(journal.Options{Dir: dir, Node: "g1", SegmentBytes: segment, Now: w.Real})
	if err != nil {
		t.Fatal(err)
	}
	cfg := gateway.Config{
		Journal: j, Permit: w.Feed, Secrets: w, SubjectKey: w.SubjectKey,
		Sources:  map[gateway.Kind]gateway.Source{gateway.DataAPI: w.Shelf},
		Business: w.Business, Real: w.Real,
		Seal: func(_ context.Context, f journal.Facts) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.Sealed = append(w.Sealed, f)
			return nil
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	g, err := gateway.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return g
}

// Nonce is a fresh nonce.
func (w *World) Nonce() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nonce++
	return fmt.Sprintf("nonce-%014d", w.nonce)
}

// Request signs a call: a GET with a query, or a POST with parameters.
func (w *World) Request(key, product, query string, body map[string]any) *gateway.Request {
	r := &gateway.Request{Product: product}
	r.Signed = gateway.Signed{
		Method: "GET", Path: gateway.InvokePath(product), RawQuery: query,
		Key: key, Time: strconv.FormatInt(w.Real().Unix(), 10), Nonce: w.Nonce(),
	}
	if body != nil {
		r.Method = "POST"
		r.Body, _ = json.Marshal(body)
	}
	w.Sign(r)
	return r
}

// Sign signs a request again after a change.
func (w *World) Sign(r *gateway.Request) {
	r.Signature, _ = gateway.Sign(w.Credentials[r.Key], r.Signed)
}

func (w *World) heatRows() []byte {
	var out []byte
	for i := range 60 {
		out = fmt.Appendf(out, `{"month":"2026-%02d-01","county":"%d","households":%d,"mean_temperature":"%d.5","note":null}`+"\n",
			1+i%12, 140602+i/12, 100+i, 18+i%5)
	}
	return out
}

func (w *World) creditRows() []byte {
	subject := gateway.SubjectOf(w.SubjectKey, Known)
	return fmt.Appendf(nil, `{"firm":"%s","licences":3,"status":"存续"}`+"\n", subject)
}

func (w *World) snapshot(heat, credit string) *gateway.Snapshot {
	year := gateway.Span{From: Epoch.AddDate(0, -1, 0), Until: Epoch.AddDate(1, 0, 0)}
	month := func(calls int64) []gateway.Allowance {
		return []gateway.Allowance{
			{Period: "2026-09", Span: gateway.Span{From: Epoch.AddDate(0, 0, -20), Until: Epoch.AddDate(0, 0, 10)}, Calls: calls},
			{Period: "2026-10", Span: gateway.Span{From: Epoch.AddDate(0, 0, 10), Until: Epoch.AddDate(0, 1, 10)}, Calls: calls},
		}
	}
	quick := gateway.Rate{Calls: 1000, Per: time.Second, Burst: 1000}
	listing := gateway.Listing{Item: "L-1", Span: year, Purposes: []string{"供热调度", "信用核验"}}
	return &gateway.Snapshot{
		Version: 1, AsOf: Epoch,
		Keys: map[string]*gateway.Key{
			HeatKey:   {ID: HeatKey, Order: "O-HEAT", State: gateway.Active, Span: year, Rate: quick},
			CreditKey: {ID: CreditKey, Order: "O-CREDIT", State: gateway.Active, Span: year, Rate: quick},
		},
		Orders: map[string]*gateway.Order{
			"O-HEAT": {ID: "O-HEAT", Customer: Customer, Product: Heat, State: gateway.Active, Span: year, Terms: "T-1",
				Purpose: "供热调度", Class: "企业", Quota: month(1000)},
			"O-CREDIT": {ID: "O-CREDIT", Customer: Customer, Product: Credit, State: gateway.Active, Span: year, Terms: "T-1",
				Purpose: "信用核验", Class: "企业", Quota: month(1000)},
		},
		Products: map[string]*gateway.Product{
			Heat: {ID: Heat, Title: "分县供热月报", Kind: gateway.DataAPI, State: gateway.Active, RegistrationCode: "SZ-0001", Release: heat,
				Terms: "T-1", Listing: listing, Agreement: "A-1", Items: []string{"I-1", "I-2"},
				Params: []gateway.Param{
					{Name: "county", Title: "行政区划代码", Type: gateway.String, Column: "county", Op: gateway.Equal, Pattern: `\d{6}`},
					{Name: "from", Title: "起始月份", Type: gateway.Date, Column: "month", Op: gateway.AtLeast},
					{Name: "to", Title: "截止月份", Type: gateway.Date, Column: "month", Op: gateway.AtMost},
					{Name: "min_households", Title: "最少户数", Type: gateway.Integer, Column: "households", Op: gateway.AtLeast, Min: "0"},
				},
				Columns: []gateway.Column{
					{Name: "month", Title: "月份", Type: gateway.Date}, {Name: "county", Title: "行政区划代码", Type: gateway.String},
					{Name: "households", Title: "户数", Type: gateway.Integer},
					{Name: "mean_temperature", Title: "平均室温", Type: gateway.Decimal}, {Name: "note", Title: "备注", Type: gateway.String, Nullable: true},
				},
				Paging: gateway.Paging{Default: 10, Max: 50}},
			Credit: {ID: Credit, Title: "企业许可核验", Kind: gateway.DataAPI, State: gateway.Active, RegistrationCode: "SZ-0002", Release: credit,
				Terms: "T-1", Listing: listing, Agreement: "A-1", Items: []string{"I-1"},
				Named: &gateway.Named{Param: "firm", Subject: gateway.Rate{Calls: 3, Per: time.Hour, Burst: 3}, Misses: gateway.Rate{Calls: 2, Per: time.Hour, Burst: 2}},
				Params: []gateway.Param{
					{Name: "firm", Title: "统一社会信用代码", Type: gateway.USCC, Column: "firm", Op: gateway.Equal, Required: true},
				},
				Columns: []gateway.Column{
					{Name: "firm", Type: gateway.SubjectType, Hidden: true},
					{Name: "licences", Title: "许可数量", Type: gateway.Integer}, {Name: "status", Title: "登记状态", Type: gateway.String},
				},
				Paging: gateway.Paging{Default: 10, Max: 10}},
		},
		Agreements: map[string]*gateway.Agreement{
			"A-1": {ID: "A-1", State: gateway.Active, Span: year, Items: map[string]gateway.Span{"I-1": year, "I-2": year}},
		},
		Tariffs: map[gateway.TariffOf][]*gateway.Tariff{
			{Product: Heat, Class: "企业"}:   {{Version: "F-1.2", Filing: "BA-1", Span: year}},
			{Product: Credit, Class: "企业"}: {{Version: "F-2.1", Filing: "BA-2", Span: year}},
		},
		Consents: map[string]*gateway.Consent{
			Consent: {Ref: Consent, Customer: Customer, Product: Credit, Subject: gateway.SubjectOf(w.SubjectKey, Known), Span: year},
		},
	}
}
