package gatewayhttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pado/api/gatewayhttp"
	"pado/domain/gateway"
	"pado/domain/gateway/gatewaytest"
	"pado/domain/gateway/journal"
)

var update = flag.Bool("update", false, "rewrite the golden files")

type face struct {
	*gatewaytest.World
	gateway *gateway.Gateway
	url     string
	dir     string
}

func serve(t testing.TB, change ...func(*gatewayhttp.Config)) *face {
	t.Helper()
	w, dir := gatewaytest.New(t), t.TempDir()
	f := &face{World: w, gateway: w.Open(t, dir, func(c *gateway.Config) {
		n := byte(0)
		c.NewRequestID = func() gateway.Digest { n++; return gateway.Digest{15: n} }
	}), dir: dir}
	cfg := gatewayhttp.Config{Gateway: f.gateway, Feed: w.Feed, Business: w.Business, Real: w.Real}
	for _, c := range change {
		c(&cfg)
	}
	f.url = listen(t, gatewayhttp.Server(gatewayhttp.New(cfg)))
	return f
}

func listen(t testing.TB, s *http.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return "http://" + l.Addr().String()
}

// signed turns a gateway request into an HTTP one.
func (f *face) signed(r *gateway.Request) *http.Request {
	url := f.url + r.Path
	if r.RawQuery != "" {
		url += "?" + r.RawQuery
	}
	h, _ := http.NewRequest(r.Method, url, bytes.NewReader(r.Body))
	h.Header.Set("X-Pado-Key", r.Key)
	h.Header.Set("X-Pado-Time", r.Time)
	h.Header.Set("X-Pado-Nonce", r.Nonce)
	h.Header.Set("X-Pado-Signature", r.Signature)
	if r.Idempotency != "" {
		h.Header.Set("Idempotency-Key", r.Idempotency)
	}
	return h
}

func (f *face) heat(query string) *http.Request {
	return f.signed(f.Request(gatewaytest.HeatKey, gatewaytest.Heat, query, nil))
}

func do(t testing.TB, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

// Scenarios over HTTP: what is sent, what comes back, word for word.
func TestScenarios(t *testing.T) {
	f := serve(t)
	plain := func(method, path string, body io.Reader) func() *http.Request {
		return func() *http.Request {
			r, err := http.NewRequest(method, f.url+path, body)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
	}
	with := func(r *http.Request, change func(*http.Request)) func() *http.Request {
		return func() *http.Request { change(r); return r }
	}
	invoke := gateway.InvokePath(gatewaytest.Heat)
	again := f.Request(gatewaytest.HeatKey, gatewaytest.Heat, "limit=1", nil)
	again.Idempotency = "order-0001"
	f.Sign(again)
	repeat := f.Request(gatewaytest.HeatKey, gatewaytest.Heat, "limit=1", nil)
	repeat.Idempotency = "order-0001"
	f.Sign(repeat)
	var b strings.Builder
	for _, s := range []struct {
		name string
		req  func() *http.Request
	}{
		{"按县查询", func() *http.Request { return f.heat("county=140603&limit=2&columns=month,mean_temperature,note") }},
		{"POST 查询", func() *http.Request {
			return f.signed(f.Request(gatewaytest.HeatKey, gatewaytest.Heat, "", map[string]any{"min_households": 158, "limit": 5}))
		}},
		{"特定对象", func() *http.Request {
			return f.signed(f.Request(gatewaytest.CreditKey, gatewaytest.Credit, "", map[string]any{"firm": gatewaytest.Known, "consent": gatewaytest.Consent}))
		}},
		{"首次幂等调用", func() *http.Request { return f.signed(again) }},
		{"重复幂等调用", func() *http.Request { return f.signed(repeat) }},
		{"重放", func() *http.Request { return f.signed(repeat) }},
		{"未签名", plain("GET", invoke, nil)},
		{"签名头重复", with(f.heat(""), func(r *http.Request) { r.Header.Add("X-Pado-Key", "K-OTHER") })},
		{"幂等头重复", with(f.heat(""), func(r *http.Request) { r.Header["Idempotency-Key"] = []string{"abcdefgh", "abcdefgh"} })},
		{"签名错误", with(f.heat(""), func(r *http.Request) { r.Header.Set("X-Pado-Signature", strings.Repeat("0", 64)) })},
		{"参数错误", func() *http.Request { return f.heat("county=secretvalue&limit=99&people=secretvalue") }},
		{"超出订单", func() *http.Request {
			return f.signed(f.Request(gatewaytest.HeatKey, gatewaytest.Credit, "", map[string]any{}))
		}},
		{"请求体过大", plain("POST", invoke, strings.NewReader(strings.Repeat("x", gatewayhttp.MaxBody+1)))},
		{"分块请求体过大", plain("POST", invoke, io.MultiReader(strings.NewReader(strings.Repeat("x", gatewayhttp.MaxBody+1))))},
		{"查询串过长", plain("GET", invoke+"?q="+strings.Repeat("x", gatewayhttp.MaxQuery), nil)},
		{"方法不符", plain("DELETE", invoke, nil)},
		{"地址不存在", plain("GET", "/open/v1/products", nil)},
		{"地址带转义", plain("GET", "/open/v1/products/P%2DHEAT/invoke", nil)},
		{"地址上溯", plain("GET", "/open/v1/products/../products/P-HEAT/invoke", nil)},
		{"健康", plain("GET", "/open/v1/health", nil)},
		{"健康方法不符", plain("POST", "/open/v1/health", nil)},
	} {
		resp, body := do(t, s.req())
		fmt.Fprintf(&b, "# %s\n%d %s\n", s.name, resp.StatusCode, resp.Header.Get("Content-Type"))
		for _, h := range []string{"Allow", "Idempotent-Replayed", "Retry-After"} {
			if v := resp.Header.Get(h); v != "" {
				fmt.Fprintf(&b, "%s: %s\n", h, v)
			}
		}
		for _, id := range []string{gatewaytest.Heat, gatewaytest.Credit} {
			body = strings.ReplaceAll(body, f.Snapshot.Products[id].Release, "<release>")
		}
		fmt.Fprintf(&b, "%s\n", body)
		if resp.StatusCode >= 400 && (strings.Contains(body, "secretvalue") || strings.Contains(body, gatewaytest.Known)) {
			t.Errorf("%s: the refusal repeats a value of the request", s.name)
		}
		if resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", s.name, resp.Header)
		}
		if !json.Valid([]byte(body)) {
			t.Errorf("%s: no JSON", s.name)
		}
	}
	path := filepath.Join("testdata", "scenarios.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		w, g := strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")
		for i := range min(len(w), len(g)) {
			if w[i] != g[i] {
				t.Fatalf("%s, line %d; run with -update and read the difference\n- %s\n+ %s", path, i+1, w[i], g[i])
			}
		}
		t.Fatalf("%s has another length", path)
	}
	// Every one of them is accounted for: answered, refused, or counted.
	if err := f.gateway.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	by := map[gateway.Outcome]uint64{}
	for r, err := range gateway.Usages(journal.Read(f.dir, 1)) {
		if err != nil {
			t.Fatal(err)
		}
		by[r.Outcome] += r.Count
	}
	if by[gateway.Charged] != 4 || by[gateway.Repeated] != 1 || by[gateway.Refused] != 3 || by[gateway.Summary] != 12 {
		t.Fatalf("%v", by)
	}
}

// Paging over HTTP reaches every row once.
func TestPaging(t *testing.T) {
	f := serve(t)
	seen, cursor := 0, ""
	for {
		q := "county=140602&limit=5"
		if cursor != "" {
			q += "&cursor=" + cursor
		}
		resp, body := do(t, f.heat(q))
		var page struct {
			Rows []map[string]any `json:"rows"`
			Next string           `json:"next_cursor"`
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp.StatusCode, body)
		}
		seen += len(page.Rows)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if seen != 12 {
		t.Fatalf("%d rows", seen)
	}
}

// held keeps a lookup until released.
type held struct{ in, out chan struct{} }

func (h held) Lookup(context.Context, *gateway.Query) (gateway.Page, error) {
	h.in <- struct{}{}
	<-h.out
	return gateway.Page{Rows: []byte("[]")}, nil
}

func TestBusy(t *testing.T) {
	w := gatewaytest.New(t)
	h := held{make(chan struct{}), make(chan struct{})}
	g := w.Open(t, t.TempDir(), func(c *gateway.Config) { c.Sources = map[gateway.Kind]gateway.Source{gateway.DataAPI: h} })
	f := &face{World: w, gateway: g}
	f.url = listen(t, gatewayhttp.Server(gatewayhttp.New(gatewayhttp.Config{Gateway: g, Feed: w.Feed, Business: w.Business, Real: w.Real, MaxInFlight: 1})))
	done := make(chan int)
	go func() {
		resp, _ := do(t, f.heat(""))
		done <- resp.StatusCode
	}()
	<-h.in
	if resp, body := do(t, f.heat("")); resp.StatusCode != 503 || !strings.Contains(body, string(gateway.GatewayBusy)) {
		t.Fatal(resp.StatusCode, body)
	}
	close(h.out)
	if s := <-done; s != 200 {
		t.Fatal(s)
	}
}

func TestClosedGateway(t *testing.T) {
	f := serve(t)
	f.Pass(2*time.Second, false)
	for _, c := range []struct {
		req    *http.Request
		status int
	}{
		{f.heat(""), 503},
		{must(http.NewRequest("GET", f.url+"/open/v1/openapi.json", nil)), 503},
		{must(http.NewRequest("GET", f.url+"/open/v1/health", nil)), 503},
	} {
		if resp, body := do(t, c.req); resp.StatusCode != c.status {
			t.Errorf("%s: %d %s", c.req.URL.Path, resp.StatusCode, body)
		}
	}
}

func must(r *http.Request, err error) *http.Request {
	if err != nil {
		panic(err)
	}
	return r
}

// The description holds every address that answers, and no product that does
// not.
func TestDescription(t *testing.T) {
	f := serve(t)
	get := func() map[string]map[string]any {
		resp, body := do(t, must(http.NewRequest("GET", f.url+"/open/v1/openapi.json", nil)))
		var doc struct {
			OpenAPI string                    `json:"openapi"`
			Paths   map[string]map[string]any `json:"paths"`
		}
		if err := json.Unmarshal([]byte(body), &doc); err != nil || resp.StatusCode != 200 || doc.OpenAPI != "3.1.0" {
			t.Fatal(err, resp.StatusCode)
		}
		return doc.Paths
	}
	paths := get()
	for _, r := range gatewayhttp.Routes {
		method, path, _ := strings.Cut(r, " ")
		path = strings.Replace(path, "{product}", gatewaytest.Heat, 1)
		if paths[path][strings.ToLower(method)] == nil {
			t.Errorf("%s is not described", r)
		}
	}
	if paths[gateway.InvokePath(gatewaytest.Credit)]["get"] != nil {
		t.Error("a named subject in an address is described")
	}
	p := *f.Snapshot.Products[gatewaytest.Heat]
	p.State = gateway.Suspended
	f.Snapshot.Products = maps.Clone(f.Snapshot.Products)
	f.Snapshot.Products[gatewaytest.Heat] = &p
	f.Publish(t)
	if len(get()) != len(paths)-1 {
		t.Error("a suspended product is still described")
	}
}
