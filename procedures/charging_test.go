package procedures_test

import (
	"encoding/json"
	"testing"
	"time"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/agreement"
	"pado/domain/gateway"
	"pado/domain/order"
	"pado/domain/party"
	"pado/domain/permit"
	"pado/domain/pricing"
	"pado/procedures"
)

// market is a city with an operator, customers, an agreement in force and two registered
// products: one for industry, one for public benefit.
type market struct {
	*city
	operator, clerk, customer, other, treasurer, pricer string // persons
	opOrg, cuOrg, treasuryOrg, agreement                string
}

const termsDigest = "a0000000000000000000000000000000000000000000000000000000000000a1"

// artefactRows is what the industry product serves; its digest is the registered release.
var artefactRows = []byte(`{"month":"2026-01-01","county":"140602","households":120}` + "\n" + `{"month":"2026-02-01","county":"140603","households":95}` + "\n")

var release = gateway.ArtefactDigest(artefactRows)

func openMarket(t *testing.T, e store.Engine, release string) *market {
	m := &market{city: openCity(t, e, procedures.Charging()...)}
	seat := func(org, name, prefix string, role procedure.Role, persons ...string) {
		var members []party.Membership
		for i, p := range persons {
			members = append(members, party.Membership{Person: p, Role: role, Lead: i == 0})
		}
		_, err := m.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
			return audit.Entry{Type: "test.seed", Actor: "test", Action: "seed"}, party.Seed(w, party.Seeding{Org: party.Org{ID: org, Name: name, USCC: m.uscc(),
				Division: "140600", Kind: party.Company, LegalPerson: true, DocPrefix: prefix}, Roles: []procedure.Role{role}, Members: members})
		})
		m.must(err)
	}
	m.operator, m.clerk, m.customer, m.other = m.person("yunying", "运营一"), m.person("yunying2", "运营二"), m.person("shiyong", "使用一"), m.person("shiyong2", "使用二")
	m.treasurer, m.pricer = m.person("caizheng", "财政一"), m.person("fagai", "发改一")
	m.opOrg, m.cuOrg, m.treasuryOrg = "org-op", "org-cu", "org-tr"
	seat(m.opOrg, "朔州数据运营有限公司", "朔运", party.Operator, m.operator, m.clerk)
	seat(m.cuOrg, "朔州供热有限公司", "", party.Customer, m.customer)
	seat("org-cu2", "朔州燃气有限公司", "", party.Customer, m.other)
	seat(m.treasuryOrg, "朔州市财政局", "朔财", party.Treasury, m.treasurer)
	seat("org-pr", "朔州市发展和改革委员会", "朔发改", party.Pricing, m.pricer)
	signed := calendar.Date{Y: 2026, M: 1, D: 5}
	_, err := m.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		entry := audit.Entry{Type: "test.seed", Actor: "test", Action: "sign"}
		md, err := agreement.Issue(w, agreement.Mandate{Division: "140600", GovernmentOrg: "g", AuthorityOrg: "a", DocNo: "x", Title: "授权", Scope: "x", Mode: "whole",
			Issued: signed, ValidFrom: signed, CaseNo: "md"}, "test")
		if err != nil {
			return entry, err
		}
		sc, err := agreement.Adopt(w, agreement.Scheme{Division: "140600", Title: "方案", Mandate: md.ID, AuthorityOrg: "a", GovernmentOrg: "g", Mode: "whole", TermYears: 3, Opinions: "[]",
			Decided: signed, ValidFrom: signed, CaseNo: "sc"}, nil, 2, "test")
		if err != nil {
			return entry, err
		}
		ag, err := agreement.Sign(w, agreement.Draft{Title: "协议", Mandate: md.ID, Scheme: sc.ID, AuthorityOrg: "a", OperatorOrg: m.opOrg, Division: "140600", Mode: "whole", Signed: signed,
			Terms: agreement.Terms{Purposes: []string{"供热调度"}, Years: 3, Fee: agreement.Fee{RateBP: 1234, Base: "operating_revenue", Period: "month", DueWorkingDays: 5}},
			Items: []agreement.Item{{Item: "it-1"}}, CaseNo: "ag", By: "test"})
		m.agreement = ag.ID
		return entry, err
	})
	m.must(err)
	m.write(`INSERT INTO catalogue_item (id, code, title, list, division, source_org, source_kind, source_dept, source_system, abstract, class_code, class, format_class, format_type,
		share_type, share_condition, share_mode, open_type, open_condition, update_cycle, grade, sublevel, grade_reason, personal, sensitive, source_relation, source_origin,
		consent_doc, legal_basis, authorisable, authorise_condition, authorise_basis, related, state, version, digest, published, updated, case_no) VALUES
		('it-1','c-1','供热','city','140600','','','','','','','','','','','','','','','','general',1,'',$1,$1,'own','','','','yes','','','','published',1,'',0,0,'x')`, false)
	_, err = m.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		first := storetest.Start.AddDate(0, -1, 0)
		last := storetest.Start.AddDate(2, 0, 0)
		if err := permit.Open(w, permit.Scope{Agreement: m.agreement, Operator: m.opOrg, By: "test", Case: "x",
			Items: []permit.ScopeTerm{{Item: "it-1", First: calendar.DateOf(first), Last: calendar.DateOf(last)}}}); err != nil {
			return audit.Entry{}, err
		}
		for _, pl := range []string{"pl-1", "pl-2"} {
			if err := permit.List(w, pl, m.agreement, []string{"供热调度"}, calendar.DateOf(last), "test", "x"); err != nil {
				return audit.Entry{}, err
			}
		}
		return audit.Entry{Type: "test.seed", Actor: "test", Action: "list"}, nil
	})
	m.must(err)
	for _, p := range []struct{ id, name, benefit, list string }{{"pd-1", "分县供热月报", "industry", "pl-1"}, {"pd-2", "供热公益查询", "public", "pl-2"}} {
		m.write(`INSERT INTO product (id, code, name, form, list_item, agreement, operator_org, org, scenario, purpose, benefit, artefact, version, state, issuer, issuer_org, division, doc_no, case_no, registered, published)
			VALUES ($1,$2,$3,'api',$4,$5,$6,$6,'sn-1','供热调度',$7,$8,1,'published','i','i','140600','x',$9,0,0)`,
			p.id, "CP-"+p.id, p.name, p.list, m.agreement, m.opOrg, p.benefit, release, "c"+p.id)
		m.write(`INSERT INTO product_version (product, version, artefact, items, columns, params, terms, terms_digest, safety, digest, case_no, at)
			VALUES ($1,1,$2,'["it-1"]',$3,$4,'仅限本单位供热调度使用，不得转让。',$5,'','', 'x', 0)`, p.id, release,
			`[{"name":"month","title":"月份","type":"date"},{"name":"county","title":"行政区划代码","type":"string"},{"name":"households","title":"户数","type":"integer"}]`,
			`[{"name":"county","title":"行政区划代码","column":"county","op":"eq","required":false}]`, termsDigest)
	}
	return m
}

func eachMarket(t *testing.T, f func(t *testing.T, m *market)) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) { f(t, openMarket(t, e, release)) })
	}
}

func (m *market) tariff(product string, lines ...map[string]any) map[string]any {
	return map[string]any{"product": product, "trial": true, "lines": lines, "basis": "按调用的存储与算力成本测算。", "display": "平台产品页"}
}

func price(class, yuan string) map[string]any {
	return map[string]any{"class": class, "unit": "call", "price": yuan, "expected": 1000}
}

// inForce carries a tariff through to its effect.
func (m *market) inForce(form map[string]any) string {
	m.t.Helper()
	no, err := m.start(m.operator, "p10_3c_tariff", form)
	m.must(err)
	m.must(m.do(m.operator, no, "file", procedure.Act{}))
	m.must(m.do(m.at.Lead, no, "record", procedure.Act{}))
	m.clock.At = m.clock.At.AddDate(0, 0, 8)
	if _, err := m.Tick(ctx); err != nil {
		m.t.Fatal(err)
	}
	if s := m.state(no); s != "effective" {
		m.t.Fatalf("the tariff is %s after its publicity", s)
	}
	return no
}

func (m *market) read(f func(r *store.ReadTx) error) {
	m.t.Helper()
	m.must(m.db.View(ctx, f))
}

func raw(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func (m *market) orderForm() map[string]any {
	today := calendar.DateOf(m.clock.At)
	return map[string]any{"product": "pd-1", "use": "本单位供热调度", "quota": 3, "from": today.String(), "to": today.AddDays(365).String(), "smallFirm": false}
}

// ordered carries an order to its effect and returns its case and id.
func (m *market) ordered(form map[string]any) (no, order string) {
	m.t.Helper()
	no, err := m.start(m.customer, "p06_2f_order", form)
	m.must(err)
	m.must(m.do(m.customer, no, "submit", procedure.Act{Input: raw(map[string]any{"terms": termsDigest})}))
	m.must(m.do(m.operator, no, "accept", procedure.Act{}))
	m.read(func(r *store.ReadTx) error { return r.Get(&order, `SELECT id FROM orders WHERE case_no = $1`, no) })
	return no, order
}

func TestNoPriceBeforeFilingAndPublicity(t *testing.T) {
	eachMarket(t, func(t *testing.T, m *market) {
		refuse := func(form map[string]any, code string) {
			t.Helper()
			no, err := m.start(m.operator, "p10_3c_tariff", form)
			m.must(err)
			m.refused(m.do(m.operator, no, "file", procedure.Act{}), code)
		}
		refuse(m.tariff("pd-9", price("general", "1.00"), price("small_firm", "0.50")), "tariff.product")
		refuse(m.tariff("pd-1", price("general", "1.00")), "tariff.small_firm")
		refuse(m.tariff("pd-1", price("general", "1.00"), price("small_firm", "1.00")), "tariff.small_firm")
		refuse(m.tariff("pd-1", price("public", "0.00")), "tariff.public_class")
		refuse(m.tariff("pd-2", price("general", "1.00"), price("small_firm", "0.50")), "tariff.public_free")
		refuse(m.tariff("pd-2", price("public", "0.01")), "tariff.public_free")
		final := m.tariff("pd-1", price("general", "1.00"), price("small_firm", "0.50"))
		final["trial"] = false
		refuse(final, "tariff.trial_only")

		no, err := m.start(m.operator, "p10_3c_tariff", m.tariff("pd-1", price("general", "1.00"), price("small_firm", "0.50")))
		m.must(err)
		m.must(m.do(m.operator, no, "file", procedure.Act{}))
		at := func() error {
			return m.db.View(ctx, func(r *store.ReadTx) error {
				_, err := pricing.InForce(r, "pd-1", "general", store.At(r.Now()))
				return err
			})
		}
		m.refused(at(), "tariff.none")
		m.must(m.do(m.at.Lead, no, "record", procedure.Act{}))
		m.refused(at(), "tariff.none")
		second, err := m.start(m.operator, "p10_3c_tariff", m.tariff("pd-1", price("general", "1.00"), price("small_firm", "0.50")))
		m.must(err)
		m.refused(m.do(m.operator, second, "file", procedure.Act{}), "tariff.pending")
		m.refused(m.do(m.at.Lead, no, "close", procedure.Act{Opinion: "提前"}), "tariff.publicity")
		if _, err := m.Tick(ctx); err != nil || m.state(no) != "publicity" {
			t.Fatal("the publicity ended early", err)
		}

		// An objection stops the clock; it is answered, and the Authority closes after the days.
		m.must(m.do(m.at.Lead, no, "object", procedure.Act{Input: raw(map[string]any{"by": "某企业", "contact": "13900139000", "content": "价格偏高"})}))
		m.clock.At = m.clock.At.AddDate(0, 0, 8)
		if _, err := m.Tick(ctx); err != nil || m.state(no) != "objection" {
			t.Fatal("an objection did not hold the tariff up", err)
		}
		m.refused(m.do(m.at.Lead, no, "answered", procedure.Act{}), "tariff.objection")
		m.refused(m.do(m.at.Lead, no, "answer", procedure.Act{Input: raw(map[string]any{"n": 7, "answer": "不成立"})}), "tariff.objection_n")
		m.must(m.do(m.at.Lead, no, "answer", procedure.Act{Input: raw(map[string]any{"n": 1, "answer": "成本测算属实"})}))
		m.must(m.do(m.at.Lead, no, "answered", procedure.Act{}))
		m.must(m.do(m.at.Lead, no, "close", procedure.Act{Opinion: "公示期满"}))
		m.must(at())

		// The next one ends it at the same instant; the trial ends by itself.
		m.inForce(m.tariff("pd-1", price("general", "2.00"), price("small_firm", "0.50")))
		m.read(func(r *store.ReadTx) error {
			var list []struct{ EffectiveFrom, EffectiveTo store.Time }
			m.must(r.Select(&list, `SELECT effective_from, effective_to FROM tariff WHERE product = 'pd-1' AND customer_class = 'general' ORDER BY version`))
			if len(list) != 2 || !list[0].EffectiveTo.Equal(list[1].EffectiveFrom.Time) || calendar.DateOf(list[1].EffectiveTo.Time) != calendar.DateOf(m.clock.At).AddMonths(12) {
				t.Errorf("not seamless: %+v", list)
			}
			return nil
		})
		m.clock.At = m.clock.At.AddDate(1, 0, 1)
		m.refused(at(), "tariff.none")
		storetest.Verify(t, m.db)
	})
}

func TestUpheldObjectionAndUnpublishedYear(t *testing.T) {
	eachMarket(t, func(t *testing.T, m *market) {
		no, err := m.start(m.operator, "p10_3c_tariff", m.tariff("pd-1", price("general", "1.00"), price("small_firm", "0.50")))
		m.must(err)
		m.must(m.do(m.operator, no, "file", procedure.Act{}))
		m.must(m.do(m.at.Lead, no, "record", procedure.Act{}))
		m.must(m.do(m.at.Lead, no, "object", procedure.Act{Input: raw(map[string]any{"by": "某企业", "contact": "x", "content": "价格偏高"})}))
		m.must(m.do(m.at.Lead, no, "uphold", procedure.Act{Opinion: "退回", Input: raw(map[string]any{"n": 1, "answer": "成立，应降价"})}))
		m.read(func(r *store.ReadTx) error {
			list, err := pricing.OfCase(r, no)
			if len(list) != 2 || list[0].State != pricing.Withdrawn {
				t.Errorf("still in publicity: %+v", list)
			}
			return err
		})
		m.clock.At = time.Date(2027, 12, 30, 9, 0, 0, 0, m.clock.At.Location())
		m.must(m.do(m.operator, no, "refile", procedure.Act{}))
		m.must(m.do(m.at.Lead, no, "record", procedure.Act{}))
		m.clock.At = m.clock.At.AddDate(0, 0, 3)
		m.refused(m.do(m.at.Lead, no, "close", procedure.Act{Opinion: "x"}), "tariff.publicity")
		m.clock.At = m.clock.At.AddDate(0, 0, 9)
		if _, err := m.Tick(ctx); err != nil || m.state(no) != "publicity" {
			t.Fatalf("a limit nobody can compute ran out: %v %s", err, m.state(no))
		}
		m.must(m.do(m.at.Lead, no, "close", procedure.Act{Opinion: "2028 年安排未公布，公示已满十二个自然日"}))
		storetest.Verify(t, m.db)
	})
}

func TestOrder(t *testing.T) {
	eachMarket(t, func(t *testing.T, m *market) {
		no, err := m.start(m.customer, "p06_2f_order", m.orderForm())
		m.must(err)
		accept := procedure.Act{Input: raw(map[string]any{"terms": termsDigest})}
		m.refused(m.do(m.customer, no, "submit", accept), "tariff.none")
		m.inForce(m.tariff("pd-1", price("general", "1.00"), price("small_firm", "0.50")))
		form := m.orderForm()
		with := func(change map[string]any) procedure.Act {
			f := m.orderForm()
			for k, v := range change {
				f[k] = v
			}
			return procedure.Act{Form: raw(f), Input: accept.Input}
		}
		m.refused(m.do(m.customer, no, "submit", procedure.Act{Form: raw(form), Input: raw(map[string]any{"terms": "an older text"})}), "order.terms")
		m.refused(m.do(m.customer, no, "submit", with(map[string]any{"to": "2029-01-05"})), "order.period")
		m.refused(m.do(m.customer, no, "submit", with(map[string]any{"from": "2026-03-01"})), "order.start")
		m.refused(m.do(m.customer, no, "submit", with(map[string]any{"smallFirm": true})), "order.proof")
		m.refused(m.do(m.customer, no, "submit", with(map[string]any{"product": "pd-9"})), "order.product")
		m.write(`UPDATE product SET state = 'suspended' WHERE id = 'pd-1'`)
		m.refused(m.do(m.customer, no, "submit", with(nil)), "order.product")
		m.write(`UPDATE product SET state = 'published' WHERE id = 'pd-1'`)
		m.must(m.do(m.customer, no, "submit", with(nil)))

		// New terms after the acceptance: nothing is accepted unseen.
		m.write(`UPDATE product_version SET terms_digest = 'b1' WHERE product = 'pd-1'`)
		m.refused(m.do(m.operator, no, "accept", procedure.Act{}), "order.terms_changed")
		m.write(`UPDATE product_version SET terms_digest = $1 WHERE product = 'pd-1'`, termsDigest)

		// Refused, appealed, ordered.
		m.must(m.do(m.operator, no, "refuse", procedure.Act{Opinion: "产能不足"}))
		if _, err := m.Paper(ctx, m.actor(m.customer), no, "refusal"); err != nil {
			t.Error(err)
		}
		m.must(m.do(m.customer, no, "appeal", procedure.Act{Opinion: "同类使用方已被受理"}))
		m.must(m.do(m.at.Lead, no, "order", procedure.Act{Opinion: "应同等对待"}))
		m.refused(m.do(m.operator, no, "refuse", procedure.Act{Opinion: "再次"}), "case.step")
		m.must(m.do(m.clerk, no, "accept", procedure.Act{}))
		m.read(func(r *store.ReadTx) error {
			o, err := order.ByCase(r, no)
			if err != nil || o.CustomerClass != "general" || o.TermsDigest != termsDigest || o.AcceptedBy != m.customer || o.QuotaMonth != 3 || o.Purpose != "供热调度" {
				t.Errorf("the order: %+v %v", o, err)
			}
			for _, x := range []struct {
				person string
				want   int
			}{{m.customer, 1}, {m.other, 0}, {m.operator, 1}, {m.pricer, 1}} {
				page, err := order.Registers()[0].List(r, m.actor(x.person), register.Query{})
				if err != nil || page.Total != x.want {
					t.Errorf("%s sees %d orders: %v", x.person, page.Total, err)
				}
			}
			return nil
		})
		m.must(m.do(m.customer, no, "close", procedure.Act{Opinion: "不再需要"}))
		storetest.Verify(t, m.db)
	})
}

func TestChargingGoldenMatrices(t *testing.T) { matrix(t, procedures.Charging()...) }
