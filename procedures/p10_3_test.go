package procedures_test

import (
	"testing"
	"time"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/party"
	"pado/domain/pricing"
)

// governed is a market with a government.
func governed(m *market) string {
	gov := m.person("zhengfu", "政府一")
	m.write(`INSERT INTO org (id, name, division, kind, legal_person, doc_prefix, status, created) VALUES ('org-gv', '朔州市人民政府', '140600', 'organ', $1, '朔政', 'active', 0)`, true)
	m.write(`INSERT INTO org_role (org, role, division, since) VALUES ('org-gv', 'government', '140600', 0)`)
	m.write(`INSERT INTO membership (person, org, role, ranks, lead, since) VALUES ($1, 'org-gv', $2, '[]', $3, '2026-01-01')`, gov, string(party.Government), true)
	return gov
}

func (m *market) allowance(change map[string]any) map[string]any {
	f := map[string]any{"agreement": m.agreement, "year": 2026, "costs": []any{map[string]any{"head": "processing", "declared": "10000.00", "verified": "10000.00", "determined": "10000.00"}},
		"subsidy": "0.00", "yield": 180, "yieldOf": "中国债券信息网 2026-02-27", "spread": 600, "industry": 500, "tax": "0.00", "taxBasis": "增值税价外", "power": "晋发改价格〔2025〕1号",
		"powerFile": m.file(m.pricer)}
	for k, v := range change {
		f[k] = v
	}
	return f
}

func TestAllowanceCeilingTariff(t *testing.T) {
	eachMarket(t, func(t *testing.T, m *market) {
		gov := governed(m)
		final := m.tariff("pd-1", price("general", "5.00"), price("small_firm", "2.00"))
		final["trial"] = false
		file := func(form map[string]any) error {
			no, err := m.start(m.operator, "p10_3c_tariff", form)
			m.must(err)
			return m.do(m.operator, no, "file", procedure.Act{})
		}
		m.refused(file(final), "tariff.trial_only")
		ceiling := func(yuan string, expected int) map[string]any {
			return map[string]any{"agreement": m.agreement, "lines": []any{map[string]any{"form": "api", "unit": "call", "max": yuan, "expected": expected}}, "basis": "依资源使用和人力投入测算。"}
		}
		no, err := m.start(m.at.Lead, "p10_3b_ceiling", ceiling("5.00", 2000))
		m.must(err)
		m.refused(m.do(m.at.Lead, no, "set", procedure.Act{}), "ceiling.allowance")

		// The parameter says who leads; the base must be decided before anything is computed.
		_, err = m.start(m.at.Lead, "p10_3a_allowance_authority", m.allowance(nil))
		m.refused(err, "allowance.lead")
		ar, err := m.start(m.pricer, "p10_3a_allowance", m.allowance(nil))
		m.must(err)
		m.refused(m.do(m.pricer, ar, "submit", procedure.Act{}), "allowance.base")
		m.write(`INSERT INTO parameter (key, valid_from, value, source) VALUES ('price.profit_base', '2026-01-01', 'operating_cost', 'test')`)
		m.refused(m.do(m.pricer, ar, "submit", procedure.Act{Form: raw(m.allowance(map[string]any{"spread": 601}))}), "allowance.spread")
		m.refused(m.do(m.pricer, ar, "submit", procedure.Act{Form: raw(m.allowance(map[string]any{"subsidy": "10000.01"}))}), "allowance.subsidy")
		m.must(m.do(m.pricer, ar, "submit", procedure.Act{Form: raw(m.allowance(nil))}))
		m.must(m.do(m.at.Lead, ar, "agree", procedure.Act{Opinion: "无异议"}))
		if err := m.do(m.pricer, ar, "approve", procedure.Act{}); err == nil {
			t.Fatal("the price authority approved for the government")
		}
		m.must(m.do(gov, ar, "approve", procedure.Act{}))
		if _, err := m.Paper(ctx, m.actor(m.pricer), ar, "determination"); err != nil {
			t.Error(err)
		}
		m.read(func(r *store.ReadTx) error {
			a, err := pricing.AllowanceOf(r, m.agreement, 2026)
			if err != nil || a.AllowedFen != 10_780_00 || a.DocNo == "" {
				t.Errorf("allowed: %+v %v", a, err)
			}
			if _, err := m.register("allowances").Item(r, m.actor(m.operator), a.ID); err != nil {
				t.Error(err)
			}
			if _, err := m.register("allowances").Item(r, m.actor(m.customer), a.ID); err == nil {
				t.Error("a customer read the determination")
			}
			return nil
		})

		// Ceilings within the allowed income, reported to the price authority.
		m.refused(m.do(m.at.Lead, no, "submit", procedure.Act{Form: raw(ceiling("5.00", 2000))}), "ceiling.setter")
		m.refused(m.do(m.at.Lead, no, "set", procedure.Act{Form: raw(ceiling("5.00", 2157))}), "ceiling.income")
		m.must(m.do(m.at.Lead, no, "set", procedure.Act{Form: raw(ceiling("5.00", 2156))}))
		m.must(m.do(m.pricer, no, "receive_report", procedure.Act{}))

		// Now a regular tariff, within ceiling and allowed income.
		above := m.tariff("pd-1", price("general", "5.01"), price("small_firm", "2.00"))
		above["trial"] = false
		m.refused(file(above), "tariff.ceiling")
		lines := []map[string]any{price("general", "5.00"), price("small_firm", "2.00")}
		lines[0]["expected"] = 2157
		much := m.tariff("pd-1", lines...)
		much["trial"] = false
		m.refused(file(much), "tariff.projected")
		m.write(`INSERT INTO parameter (key, valid_from, value, source) VALUES ('price.small_firm_discount', '2026-01-01', '7000', 'test')`)
		m.refused(file(final), "tariff.small_discount")
		m.write(`UPDATE parameter SET value = '6000' WHERE key = 'price.small_firm_discount'`)
		m.inForce(final)
		m.read(func(r *store.ReadTx) error {
			x, err := pricing.InForce(r, "pd-1", "general", store.At(r.Now()))
			if err != nil || x.Trial || !x.EffectiveTo.IsZero() {
				t.Errorf("a regular tariff: %+v %v", x, err)
			}
			return err
		})

		// A lower ceiling shows what is above it; a trial is over after the first full year.
		low, err := m.start(m.at.Lead, "p10_3b_ceiling", ceiling("4.00", 2000))
		m.must(err)
		m.must(m.do(m.at.Lead, low, "set", procedure.Act{}))
		m.read(func(r *store.ReadTx) error {
			list, err := pricing.Above(r, m.agreement)
			if err != nil || len(list) != 1 || list[0].CustomerClass != "general" {
				t.Errorf("above the ceiling: %+v %v", list, err)
			}
			for _, id := range []string{"ceilings", "allowances"} {
				page, err := m.register(id).List(r, m.actor(m.pricer), register.Query{})
				if err != nil || page.Total != 1 {
					t.Errorf("%s: %d rows %v", id, page.Total, err)
				}
			}
			return nil
		})
		m.clock.At = time.Date(2027, 1, 5, 9, 0, 0, 0, calendar.Shanghai)
		m.refused(file(m.tariff("pd-1", price("general", "3.00"), price("small_firm", "1.00"))), "tariff.trial_over")
		storetest.Verify(t, m.db)
	})
}

func TestCeilingByGovernmentOrProvince(t *testing.T) {
	eachMarket(t, func(t *testing.T, m *market) {
		gov := governed(m)
		m.write(`INSERT INTO parameter (key, valid_from, value, source) VALUES ('price.profit_base', '2026-01-01', 'operating_cost', 'test'), ('price.ceiling_setter', '2026-01-01', 'government', 'test'),
			('price.allowance_lead', '2026-01-01', 'authority', 'test')`)
		_, err := m.start(m.pricer, "p10_3a_allowance", m.allowance(nil))
		m.refused(err, "allowance.lead")
		ar, err := m.start(m.at.Lead, "p10_3a_allowance_authority", m.allowance(map[string]any{"powerFile": m.file(m.at.Lead)}))
		m.must(err)
		m.must(m.do(m.at.Lead, ar, "submit", procedure.Act{}))
		m.must(m.do(m.pricer, ar, "agree", procedure.Act{Opinion: "无异议"}))
		m.must(m.do(gov, ar, "back", procedure.Act{Opinion: "请补充"}))
		m.must(m.do(m.at.Lead, ar, "submit", procedure.Act{}))
		m.must(m.do(m.pricer, ar, "agree", procedure.Act{Opinion: "无异议"}))
		m.must(m.do(gov, ar, "approve", procedure.Act{}))
		form := map[string]any{"agreement": m.agreement, "lines": []any{map[string]any{"form": "api", "unit": "call", "max": "1.00", "expected": 10}}, "basis": "依资源使用和人力投入测算。"}
		no, err := m.start(m.at.Lead, "p10_3b_ceiling", form)
		m.must(err)
		m.refused(m.do(m.at.Lead, no, "set", procedure.Act{}), "ceiling.setter")
		m.must(m.do(m.at.Lead, no, "submit", procedure.Act{}))
		m.must(m.do(gov, no, "approve", procedure.Act{}))
		m.write(`UPDATE parameter SET value = 'province' WHERE key = 'price.ceiling_setter'`)
		no, err = m.start(m.at.Lead, "p10_3b_ceiling", form)
		m.must(err)
		in := raw(map[string]any{"decidedOn": "2026-02-01", "decidedBy": "山西省发展和改革委员会", "decisionNo": "晋发改价格〔2026〕3号"})
		m.must(m.do(m.at.Lead, no, "transcribe", procedure.Act{Input: in, Attachments: []string{m.file(m.at.Lead)}}))
		m.read(func(r *store.ReadTx) error {
			list, err := pricing.Ceilings(r, m.agreement)
			if err != nil || len(list) != 1 || list[0].CaseNo != no {
				t.Errorf("ceilings: %+v %v", list, err)
			}
			return err
		})
		storetest.Verify(t, m.db)
	})
}
