package gateway_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pado/domain/gateway"
	"pado/domain/gateway/gatewaytest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update and read the difference\n%s", path, difference(string(want), got))
	}
}

func difference(want, got string) string {
	var b strings.Builder
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		var x, y string
		if i < len(w) {
			x = w[i]
		}
		if i < len(g) {
			y = g[i]
		}
		if x != y {
			fmt.Fprintf(&b, "- %s\n+ %s\n", x, y)
		}
	}
	return b.String()
}

// A state of one condition, everything else fulfilled. Snapshot parts are
// replaced, never changed in place: they are shared with what was published.
type situation struct {
	condition, state string
	change           func(w *gatewaytest.World, r *gateway.Request)
}

func key(id string, f func(*gateway.Key)) func(*gatewaytest.World, *gateway.Request) {
	return func(w *gatewaytest.World, _ *gateway.Request) {
		k := *w.Snapshot.Keys[id]
		f(&k)
		w.Snapshot.Keys = with(w.Snapshot.Keys, id, &k)
	}
}

func order(id string, f func(*gateway.Order)) func(*gatewaytest.World, *gateway.Request) {
	return func(w *gatewaytest.World, _ *gateway.Request) {
		o := *w.Snapshot.Orders[id]
		f(&o)
		w.Snapshot.Orders = with(w.Snapshot.Orders, id, &o)
	}
}

func product(id string, f func(*gateway.Product)) func(*gatewaytest.World, *gateway.Request) {
	return func(w *gatewaytest.World, _ *gateway.Request) {
		p := *w.Snapshot.Products[id]
		f(&p)
		w.Snapshot.Products = with(w.Snapshot.Products, id, &p)
	}
}

func agreement(f func(*gateway.Agreement)) func(*gatewaytest.World, *gateway.Request) {
	return func(w *gatewaytest.World, _ *gateway.Request) {
		a := *w.Snapshot.Agreements["A-1"]
		a.Items = maps.Clone(a.Items)
		f(&a)
		w.Snapshot.Agreements = with(w.Snapshot.Agreements, "A-1", &a)
	}
}

func tariffs(list ...*gateway.Tariff) func(*gatewaytest.World, *gateway.Request) {
	return func(w *gatewaytest.World, _ *gateway.Request) {
		w.Snapshot.Tariffs = with(w.Snapshot.Tariffs, gateway.TariffOf{Product: gatewaytest.Heat, Class: "企业"}, list)
	}
}

func consent(f func(*gateway.Consent)) func(*gatewaytest.World, *gateway.Request) {
	return func(w *gatewaytest.World, _ *gateway.Request) {
		c := *w.Snapshot.Consents[gatewaytest.Consent]
		f(&c)
		w.Snapshot.Consents = with(w.Snapshot.Consents, gatewaytest.Consent, &c)
	}
}

func request(f func(w *gatewaytest.World, r *gateway.Request)) func(*gatewaytest.World, *gateway.Request) {
	return func(w *gatewaytest.World, r *gateway.Request) {
		f(w, r)
		w.Sign(r)
	}
}

func query(q string) func(*gatewaytest.World, *gateway.Request) {
	return request(func(_ *gatewaytest.World, r *gateway.Request) { r.RawQuery = q })
}

func with[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	m = maps.Clone(m)
	m[k] = v
	return m
}

var (
	epoch  = gatewaytest.Epoch
	ended  = gateway.Span{From: epoch.AddDate(0, -2, 0), Until: epoch} // the end is not part of it
	ending = gateway.Span{From: epoch.AddDate(0, -2, 0), Until: epoch.Add(time.Nanosecond)}
	begins = gateway.Span{From: epoch, Until: epoch.AddDate(0, 1, 0)}
	later  = gateway.Span{From: epoch.Add(time.Nanosecond), Until: epoch.AddDate(0, 1, 0)}
)

// each lists the four edges of a span.
func each(condition string, set func(gateway.Span) func(*gatewaytest.World, *gateway.Request)) []situation {
	return []situation{
		{condition, "最后一纳秒", set(ending)}, {condition, "期满的一刻", set(ended)},
		{condition, "开始的一刻", set(begins)}, {condition, "开始前一纳秒", set(later)},
	}
}

func situations() []situation {
	const heat, hk, ho = gatewaytest.Heat, gatewaytest.HeatKey, "O-HEAT"
	set := func(lists ...[]situation) []situation { return slices.Concat(lists...) }
	return set(
		[]situation{{"全部条件", "具备", func(*gatewaytest.World, *gateway.Request) {}}},
		[]situation{
			{"签名", "缺密钥标识", func(_ *gatewaytest.World, r *gateway.Request) { r.Key = "" }},
			{"签名", "缺时间", request(func(_ *gatewaytest.World, r *gateway.Request) { r.Time = "" })},
			{"签名", "时间带小数", request(func(_ *gatewaytest.World, r *gateway.Request) { r.Time += ".5" })},
			{"签名", "随机数过短", request(func(_ *gatewaytest.World, r *gateway.Request) { r.Nonce = "short" })},
			{"签名", "幂等键含空格", request(func(_ *gatewaytest.World, r *gateway.Request) { r.Idempotency = "a b c d e f" })},
			{"签名", "早301秒", request(func(w *gatewaytest.World, r *gateway.Request) { r.Time = fmt.Sprint(w.Real().Unix() - 301) })},
			{"签名", "早300秒", request(func(w *gatewaytest.World, r *gateway.Request) { r.Time = fmt.Sprint(w.Real().Unix() - 300) })},
			{"签名", "晚300秒", request(func(w *gatewaytest.World, r *gateway.Request) { r.Time = fmt.Sprint(w.Real().Unix() + 300) })},
			{"签名", "晚301秒", request(func(w *gatewaytest.World, r *gateway.Request) { r.Time = fmt.Sprint(w.Real().Unix() + 301) })},
			{"签名", "密钥不存在", func(_ *gatewaytest.World, r *gateway.Request) { r.Key = "K-NONE" }},
			{"签名", "改了查询串", func(_ *gatewaytest.World, r *gateway.Request) { r.RawQuery += "&limit=50" }},
			{"签名", "改了请求体", func(_ *gatewaytest.World, r *gateway.Request) { r.Body = []byte("{}") }},
			{"签名", "改了方法", func(_ *gatewaytest.World, r *gateway.Request) { r.Method = "POST" }},
			{"签名", "改了地址", func(_ *gatewaytest.World, r *gateway.Request) { r.Path += "x" }},
			{"签名", "改了随机数", func(_ *gatewaytest.World, r *gateway.Request) { r.Nonce += "x" }},
			{"签名", "加了幂等键", func(_ *gatewaytest.World, r *gateway.Request) { r.Idempotency = "added-later" }},
			{"签名", "改了一位", func(_ *gatewaytest.World, r *gateway.Request) {
				last := "0"
				if strings.HasSuffix(r.Signature, last) {
					last = "1"
				}
				r.Signature = r.Signature[:len(r.Signature)-1] + last
			}},
		},
		[]situation{
			{"密钥", "待启用", key(hk, func(k *gateway.Key) { k.State = gateway.Pending })},
			{"密钥", "暂停", key(hk, func(k *gateway.Key) { k.State = gateway.Suspended })},
			{"密钥", "吊销", key(hk, func(k *gateway.Key) { k.State = gateway.Ended })},
			{"密钥", "已不在名册", func(w *gatewaytest.World, _ *gateway.Request) { w.Snapshot.Keys = map[string]*gateway.Key{} }},
		},
		each("密钥有效期", func(s gateway.Span) func(*gatewaytest.World, *gateway.Request) {
			return key(hk, func(k *gateway.Key) { k.Span = s })
		}),
		[]situation{
			{"订单", "待生效", order(ho, func(o *gateway.Order) { o.State = gateway.Pending })},
			{"订单", "暂停", order(ho, func(o *gateway.Order) { o.State = gateway.Suspended })},
			{"订单", "结束", order(ho, func(o *gateway.Order) { o.State = gateway.Ended })},
			{"订单", "不存在", func(w *gatewaytest.World, _ *gateway.Request) { w.Snapshot.Orders = map[string]*gateway.Order{} }},
			{"订单", "另一产品", order(ho, func(o *gateway.Order) { o.Product = gatewaytest.Credit })},
			{"订单", "不存在的产品", request(func(_ *gatewaytest.World, r *gateway.Request) { r.Product = "P-NONE" })},
			{"使用限制条件", "未确认", order(ho, func(o *gateway.Order) { o.Terms = "" })},
			{"使用限制条件", "确认的是旧版", order(ho, func(o *gateway.Order) { o.Terms = "T-0" })},
			{"使用限制条件", "产品没有", product(heat, func(p *gateway.Product) { p.Terms = "" })},
		},
		each("订单服务期", func(s gateway.Span) func(*gatewaytest.World, *gateway.Request) {
			return order(ho, func(o *gateway.Order) { o.Span = s })
		}),
		[]situation{
			{"产品", "待发布", product(heat, func(p *gateway.Product) { p.State = gateway.Pending })},
			{"产品", "暂停", product(heat, func(p *gateway.Product) { p.State = gateway.Suspended })},
			{"产品", "下架", product(heat, func(p *gateway.Product) { p.State = gateway.Ended })},
			{"产品", "无登记编码", product(heat, func(p *gateway.Product) { p.RegistrationCode = "" })},
			{"产品", "不在清单", product(heat, func(p *gateway.Product) { p.Listing = gateway.Listing{} })},
			{"产品", "清单未列此用途", product(heat, func(p *gateway.Product) { p.Listing.Purposes = []string{"信用核验"} })},
			{"产品", "以报告方式交付", product(heat, func(p *gateway.Product) { p.Kind = gateway.DataReport })},
			{"产品", "发布物尚未就位", product(heat, func(p *gateway.Product) { p.Release = strings.Repeat("0", 64) })},
		},
		each("清单有效期", func(s gateway.Span) func(*gatewaytest.World, *gateway.Request) {
			return product(heat, func(p *gateway.Product) { p.Listing.Span = s })
		}),
		[]situation{
			{"协议", "待生效", agreement(func(a *gateway.Agreement) { a.State = gateway.Pending })},
			{"协议", "暂停", agreement(func(a *gateway.Agreement) { a.State = gateway.Suspended })},
			{"协议", "终止", agreement(func(a *gateway.Agreement) { a.State = gateway.Ended })},
			{"协议", "不存在", func(w *gatewaytest.World, _ *gateway.Request) {
				w.Snapshot.Agreements = map[string]*gateway.Agreement{}
			}},
			{"协议", "期满但有过渡决定", agreement(func(a *gateway.Agreement) {
				a.Span, a.Transition = ended, &gateway.Transition{Products: []string{heat}, Until: epoch.Add(1)}
			})},
			{"协议", "过渡决定期满的一刻", agreement(func(a *gateway.Agreement) {
				a.Span, a.Transition = ended, &gateway.Transition{Products: []string{heat}, Until: epoch}
			})},
			{"协议", "过渡决定未列此产品", agreement(func(a *gateway.Agreement) {
				a.Span, a.Transition = ended, &gateway.Transition{Products: []string{gatewaytest.Credit}, Until: epoch.Add(1)}
			})},
			{"协议", "有过渡决定但被暂停", agreement(func(a *gateway.Agreement) {
				a.State, a.Transition = gateway.Suspended, &gateway.Transition{Products: []string{heat}, Until: epoch.Add(1)}
			})},
			{"数据资源", "不在授权目录", agreement(func(a *gateway.Agreement) { delete(a.Items, "I-2") })},
		},
		each("协议期限", func(s gateway.Span) func(*gatewaytest.World, *gateway.Request) {
			return agreement(func(a *gateway.Agreement) { a.Span = s })
		}),
		each("数据资源期限", func(s gateway.Span) func(*gatewaytest.World, *gateway.Request) {
			return agreement(func(a *gateway.Agreement) { a.Items["I-2"] = s })
		}),
		[]situation{
			{"收费标准", "没有", tariffs()},
			{"收费标准", "未备案", tariffs(&gateway.Tariff{Version: "F-9", Span: begins})},
			{"收费标准", "对此类用户没有", order(ho, func(o *gateway.Order) { o.Class = "小微企业" })},
			{"收费标准", "旧版失效新版未备案", tariffs(&gateway.Tariff{Version: "F-8", Filing: "BA-8", Span: ended}, &gateway.Tariff{Version: "F-9", Span: begins})},
			{"收费标准", "旧版失效新版生效", tariffs(&gateway.Tariff{Version: "F-8", Filing: "BA-8", Span: ended}, &gateway.Tariff{Version: "F-9", Filing: "BA-9", Span: begins})},
		},
		each("收费标准有效期", func(s gateway.Span) func(*gatewaytest.World, *gateway.Request) {
			return tariffs(&gateway.Tariff{Version: "F-9", Filing: "BA-9", Span: s})
		}),
		[]situation{
			{"额度", "没有", order(ho, func(o *gateway.Order) { o.Quota = nil })},
			{"额度", "为零", order(ho, func(o *gateway.Order) { o.Quota = []gateway.Allowance{{Period: "x", Span: begins}} })},
			{"额度", "剩一次", order(ho, func(o *gateway.Order) { o.Quota = []gateway.Allowance{{Period: "x", Span: begins, Calls: 1}} })},
			{"额度", "不限次", order(ho, func(o *gateway.Order) { o.Quota = []gateway.Allowance{{Period: "x", Span: begins, Calls: -1}} })},
			{"速率", "为零", key(hk, func(k *gateway.Key) { k.Rate = gateway.Rate{} })},
		},
		each("额度周期", func(s gateway.Span) func(*gatewaytest.World, *gateway.Request) {
			return order(ho, func(o *gateway.Order) { o.Quota = []gateway.Allowance{{Period: "x", Span: s, Calls: 5}} })
		}),
		[]situation{
			{"参数", "没有", query("")},
			{"参数", "未声明的", query("people=1")},
			{"参数", "重复", query("county=140602&county=140603")},
			{"参数", "格式不符", query("county=14060")},
			{"参数", "日期不存在", query("from=2026-02-30")},
			{"参数", "非整数", query("min_households=1e3")},
			{"参数", "低于下限", query("min_households=-1")},
			{"参数", "每页过多", query("limit=51")},
			{"参数", "每页为零", query("limit=0")},
			{"参数", "列名未声明", query("columns=month,people")},
			{"参数", "翻页标记伪造", query("cursor=AAAA")},
			{"参数", "查询串残缺", query("county=%zz")},
		},
	)
}

func namedSituations() []situation {
	body := func(m map[string]any) func(*gatewaytest.World, *gateway.Request) {
		return func(w *gatewaytest.World, r *gateway.Request) {
			*r = *w.Request(gatewaytest.CreditKey, gatewaytest.Credit, "", m)
		}
	}
	both := func(fs ...func(*gatewaytest.World, *gateway.Request)) func(*gatewaytest.World, *gateway.Request) {
		return func(w *gatewaytest.World, r *gateway.Request) {
			for _, f := range fs {
				f(w, r)
			}
		}
	}
	basis := order("O-CREDIT", func(o *gateway.Order) { o.Basis = "法定依据-3" })
	none := body(map[string]any{"firm": gatewaytest.Known})
	return slices.Concat([]situation{
		{"特定对象", "同意有效", func(*gatewaytest.World, *gateway.Request) {}},
		{"特定对象", "无依据无同意", none},
		{"特定对象", "订单有法定依据", both(basis, none)},
		{"特定对象", "未给对象", body(map[string]any{"consent": gatewaytest.Consent})},
		{"特定对象", "对象号码校验不符", body(map[string]any{"firm": "91350100M000100Y44", "consent": gatewaytest.Consent})},
		{"特定对象", "一次多个对象", body(map[string]any{"firm": []string{gatewaytest.Known}, "consent": gatewaytest.Consent})},
		{"特定对象", "用 GET", func(w *gatewaytest.World, r *gateway.Request) {
			*r = *w.Request(gatewaytest.CreditKey, gatewaytest.Credit, "firm="+gatewaytest.Known+"&consent="+gatewaytest.Consent, nil)
		}},
		{"同意", "不存在", body(map[string]any{"firm": gatewaytest.Known, "consent": "TY-9"})},
		{"同意", "属另一对象", body(map[string]any{"firm": gatewaytest.Unknown, "consent": gatewaytest.Consent})},
		{"同意", "有法定依据但附了无效同意", both(basis, body(map[string]any{"firm": gatewaytest.Known, "consent": "TY-9"}))},
		{"同意", "给另一使用方", consent(func(c *gateway.Consent) { c.Customer = "C-2" })},
		{"同意", "给另一产品", consent(func(c *gateway.Consent) { c.Product = gatewaytest.Heat })},
		{"对象速率", "为零", product(gatewaytest.Credit, func(p *gateway.Product) {
			n := *p.Named
			n.Subject = gateway.Rate{}
			p.Named = &n
		})},
		{"试探", "余地为零", product(gatewaytest.Credit, func(p *gateway.Product) {
			n := *p.Named
			n.Misses = gateway.Rate{}
			p.Named = &n
		})},
	}, each("同意期限", func(s gateway.Span) func(*gatewaytest.World, *gateway.Request) {
		return consent(func(c *gateway.Consent) { c.Span = s })
	}))
}

// The whole matrix, as text a lawyer can read: each state of each condition,
// everything else fulfilled, and what the caller is told.
func TestDecisionMatrix(t *testing.T) {
	var b strings.Builder
	run := func(s situation, key, product, query string, body map[string]any) {
		w := gatewaytest.New(t)
		r := w.Request(key, product, query, body)
		s.change(w, r)
		w.Publish(t)
		g := w.Open(t, t.TempDir())
		reply := g.Call(context.Background(), r)
		fmt.Fprintf(&b, "%s｜%s｜", s.condition, s.state)
		if reply.Refusal == nil {
			fmt.Fprintf(&b, "准予｜%d行，收费标准 %s，余 %d 次\n", reply.Page.Count, reply.Price, reply.Left)
		} else {
			fmt.Fprintf(&b, "%s｜%d，条款 %s", reply.Refusal.Code, reply.Refusal.Status, reply.Refusal.Clause.ID)
			for _, f := range reply.Refusal.Fields {
				fmt.Fprintf(&b, "；%s：%s", f.Path, f.Message)
			}
			b.WriteByte('\n')
		}
		if err := g.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range situations() {
		run(s, gatewaytest.HeatKey, gatewaytest.Heat, "county=140602&limit=5", nil)
	}
	for _, s := range namedSituations() {
		run(s, gatewaytest.CreditKey, gatewaytest.Credit, "", map[string]any{"firm": gatewaytest.Known, "consent": gatewaytest.Consent})
	}
	golden(t, "decisions.golden", b.String())
}

// Where several conditions fail the first in the order of the codes answers:
// the answer never depends on anything else.
func TestFirstFailingConditionAnswers(t *testing.T) {
	steps := []struct {
		code   gateway.Code
		change func(*gatewaytest.World, *gateway.Request)
	}{
		{gateway.KeySuspended, key(gatewaytest.HeatKey, func(k *gateway.Key) { k.State = gateway.Suspended })},
		{gateway.KeyNotInForce, key(gatewaytest.HeatKey, func(k *gateway.Key) { k.Span = ended })},
		{gateway.OrderSuspended, order("O-HEAT", func(o *gateway.Order) { o.State = gateway.Suspended })},
		{gateway.OrderNotInForce, order("O-HEAT", func(o *gateway.Order) { o.Span = later })},
		{gateway.TermsNotAccepted, order("O-HEAT", func(o *gateway.Order) { o.Terms = "" })},
		{gateway.ProductRetired, product(gatewaytest.Heat, func(p *gateway.Product) { p.State = gateway.Ended })},
		{gateway.ProductNoCode, product(gatewaytest.Heat, func(p *gateway.Product) { p.RegistrationCode = "" })},
		{gateway.ProductNotListed, product(gatewaytest.Heat, func(p *gateway.Product) { p.Listing.Item = "" })},
		{gateway.PurposeNotListed, product(gatewaytest.Heat, func(p *gateway.Product) { p.Listing.Purposes = nil })},
		{gateway.AgreementSuspended, agreement(func(a *gateway.Agreement) { a.State = gateway.Suspended })},
		{gateway.AgreementExpired, agreement(func(a *gateway.Agreement) { a.Span = ended })},
		{gateway.ResourceNotGranted, agreement(func(a *gateway.Agreement) { delete(a.Items, "I-1") })},
		{gateway.TariffNotFiled, tariffs()},
	}
	base := gatewaytest.New(t)
	rapid.Check(t, func(t *rapid.T) {
		s := *base.Snapshot
		w := &gatewaytest.World{Snapshot: &s}
		want := gateway.Code("")
		for _, step := range steps {
			if rapid.Bool().Draw(t, string(step.code)) {
				step.change(w, nil)
				if want == "" {
					want = step.code
				}
			}
		}
		d := w.Snapshot.Decide(epoch, gateway.Question{Key: gatewaytest.HeatKey, Product: gatewaytest.Heat})
		got := gateway.Code("")
		if d.Refusal != nil {
			got = d.Refusal.Code
		}
		if got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	})
}

// Every refusal has a status, a clause and a Chinese sentence of its own.
func TestRefusals(t *testing.T) {
	var b strings.Builder
	seen := map[string]bool{}
	for _, r := range gateway.Refusals() {
		fmt.Fprintf(&b, "%s %d %s %s\n", r.Code, r.Status, r.Clause.ID, r.Message)
		if seen[string(r.Code)] || seen[r.Message] || r.Status < 400 || !strings.HasSuffix(r.Message, "。") {
			t.Errorf("%s", r.Code)
		}
		seen[string(r.Code)], seen[r.Message] = true, true
	}
	golden(t, "refusals.golden", b.String())
}
