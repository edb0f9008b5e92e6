package procedures_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"pado/core/calendar"
	"pado/core/docs"
	"pado/core/money"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/gateway"
	"pado/domain/ledger"
	"pado/domain/settlement"
	"pado/procedures"
)

func (m *market) settler() settlement.Settler {
	return settlement.Settler{DB: m.db, Parameters: m.Parameters, Calendar: m.Days}
}

func (m *market) proof() {
	m.t.Helper()
	m.read(settlement.Reconcile)
	storetest.Verify(m.t, m.db)
}

func (m *market) balance(a ledger.Account, party string) (f money.Fen) {
	m.t.Helper()
	m.read(func(r *store.ReadTx) (err error) { f, err = ledger.Balance(r, a, party); return err })
	return f
}

// The whole way of the money: order, key, signed calls, seal, statement, payment, remittance.
func TestFromOrderToTreasury(t *testing.T) {
	eachMarket(t, func(t *testing.T, m *market) {
		m.inForce(m.tariff("pd-1", price("general", "0.33"), price("small_firm", "0.10")))
		m.inForce(m.tariff("pd-2", price("public", "0.00")))
		form := m.orderForm()
		form["quota"] = 100
		_, id := m.ordered(form)
		free := m.orderForm()
		free["product"], free["quota"] = "pd-2", 100
		_, freeID := m.ordered(free)
		n := m.node(t.TempDir())
		k, kf := n.issue(m.customer, id, ""), n.issue(m.customer, freeID, "")
		for range 7 {
			n.want(k.ID, "pd-1", "")
		}
		for range 4 {
			n.want(kf.ID, "pd-2", "")
		}
		// A new price in the same month: each call at the price of its instant.
		m.clock.At = m.clock.At.Add(time.Hour)
		m.inForce(m.tariff("pd-1", price("general", "1.01"), price("small_firm", "0.10")))
		for range 2 {
			n.want(k.ID, "pd-1", "")
		}
		if _, err := n.journal.SealAll(ctx, n.seal); err != nil {
			t.Fatal(err)
		}

		s := m.settler()
		_, err := s.CloseMonth(ctx, "2026-03", "clock")
		m.refused(err, "settlement.open")
		_, err = s.CloseMonth(ctx, "March", "clock")
		m.refused(err, "settlement.month")
		m.clock.At = time.Date(2026, 4, 1, 0, 0, 0, 0, calendar.Shanghai)
		_, err = s.CloseMonth(ctx, "2026-04", "clock")
		m.refused(err, "settlement.open")
		done, err := s.CloseDue(ctx, "clock")
		// 7 × 0.33 + 2 × 1.01 = 4.33; 12.34 % of it is 0.534322, so 0.53.
		if err != nil || len(done) != 1 || done[0].Amount != 433 || done[0].Fee != 53 || done[0].Statements != 1 {
			t.Fatalf("closed %+v %v", done, err)
		}
		again, err := s.CloseMonth(ctx, "2026-03", "clock")
		if err != nil || !again.Before {
			t.Fatalf("closed twice: %+v %v", again, err)
		}
		m.proof()

		var st settlement.Statement
		var fee settlement.Fee
		m.read(func(r *store.ReadTx) error {
			var no, fno string
			m.must(r.Get(&no, `SELECT id FROM statement`))
			m.must(r.Get(&fno, `SELECT id FROM fee_due`))
			st, err = settlement.StatementByID(r, no)
			m.must(err)
			fee, err = settlement.FeeByID(r, fno)
			m.must(err)
			lines, err := st.ReadLines()
			if err != nil || len(lines) != 3 {
				t.Errorf("lines: %+v %v", lines, err)
			}
			d, err := st.Paper(r)
			m.must(err)
			m.must(docs.HTML(new(bytes.Buffer), d))
			if text := docs.Text(d); !strings.Contains(text, "肆元叁角叁分") {
				t.Errorf("the statement does not say the amount:\n%s", text)
			}
			sheet, err := st.Sheet()
			m.must(err)
			return docs.XLSX(new(bytes.Buffer), sheet)
		})
		// The agreement's five working days are earlier than the parameter's ten; 清明 lies in between.
		if fee.Due != "2026-04-08" || fee.Status(calendar.DateOf(m.clock.At)) != "待缴" || fee.Status(calendar.Date{Y: 2026, M: 4, D: 9}) != "逾期未缴" {
			t.Errorf("due on %s (%s)", fee.Due, fee.DueNote)
		}

		// Payment: partly, then the rest, never more; two persons.
		pay := func(yuan string) map[string]any {
			return map[string]any{"statement": st.ID, "amount": yuan, "paidOn": "2026-04-01", "voucher": "B1"}
		}
		no, err := m.start(m.operator, "p06_2e_receipt", pay("4.34"))
		m.must(err)
		m.refused(m.do(m.operator, no, "register", procedure.Act{}), "receipt.amount")
		m.must(m.do(m.operator, no, "register", procedure.Act{Form: raw(pay("0.30"))}))
		m.refused(m.do(m.operator, no, "book", procedure.Act{}), "case.apart")
		m.must(m.do(m.clerk, no, "book", procedure.Act{}))
		if m.balance(ledger.Receivable, m.cuOrg) != 403 || m.balance(ledger.Bank, m.opOrg) != 30 {
			t.Error("the payment is not in the books")
		}
		m.proof()

		// Remittance: exactly what is due; returned, sent again, received under a number.
		remit := func(change map[string]any) map[string]any {
			f := map[string]any{"fee": fee.ID, "amount": "0.53", "paidOn": "2026-04-01", "voucher": "R1", "file": m.file(m.operator)}
			for k, v := range change {
				f[k] = v
			}
			return f
		}
		no, err = m.start(m.operator, "p06_2e_remittance", remit(nil))
		m.must(err)
		m.refused(m.do(m.operator, no, "remit", procedure.Act{Form: raw(remit(map[string]any{"amount": "0.52"}))}), "remittance.amount")
		m.refused(m.do(m.operator, no, "remit", procedure.Act{Form: raw(remit(map[string]any{"paidOn": "2026-04-02"}))}), "remittance.date")
		m.refused(m.do(m.operator, no, "remit", procedure.Act{Form: raw(remit(map[string]any{"fee": "SY-9"}))}), "remittance.fee")
		m.must(m.do(m.operator, no, "remit", procedure.Act{Form: raw(remit(nil))}))
		other, err := m.start(m.clerk, "p06_2e_remittance", remit(map[string]any{"file": m.file(m.clerk)}))
		m.must(err)
		m.refused(m.do(m.clerk, other, "remit", procedure.Act{}), "remittance.state")
		if err := m.do(m.operator, no, "confirm", procedure.Act{Input: raw(map[string]any{"receiptNo": "X"})}); err == nil {
			t.Fatal("the operator confirmed for the treasury")
		}
		m.must(m.do(m.treasurer, no, "return", procedure.Act{Opinion: "凭证不清"}))
		m.proof()
		m.must(m.do(m.operator, no, "remit", procedure.Act{}))
		m.must(m.do(m.treasurer, no, "confirm", procedure.Act{Input: raw(map[string]any{"receiptNo": "RK-2026-1"})}))
		// The separate account held 0.30; the operator advanced the rest.
		if m.balance(ledger.Treasury, m.opOrg) != 0 || m.balance(ledger.Bank, m.opOrg) != 0 || m.balance(ledger.Payable, m.opOrg) != 23 {
			t.Errorf("after the remittance: treasury %s, bank %s, payable %s", m.balance(ledger.Treasury, m.opOrg), m.balance(ledger.Bank, m.opOrg), m.balance(ledger.Payable, m.opOrg))
		}
		m.proof()

		// Who sees what.
		for _, x := range []struct {
			list, person string
			want         int
		}{{"statements", m.customer, 1}, {"statements", m.other, 0}, {"statements", m.operator, 1}, {"statements", m.treasurer, 1}, {"usage", m.customer, 3}, {"usage", m.other, 0},
			{"remittances", m.operator, 1}, {"remittances", m.treasurer, 1}, {"ledger", m.operator, 9}, {"ledger", m.treasurer, 9}, {"tariffs", m.other, 3}} {
			m.read(func(r *store.ReadTx) error {
				page, err := m.register(x.list).List(r, m.actor(x.person), register.Query{})
				if err != nil || page.Total != x.want {
					t.Errorf("%s in %s: %d rows, want %d: %v", x.person, x.list, page.Total, x.want, err)
				}
				return nil
			})
		}
		m.read(func(r *store.ReadTx) error {
			if _, err := m.register("statements").Item(r, m.actor(m.other), st.ID); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("another customer's statement: %v", err)
			}
			if _, err := m.register("remittances").Item(r, m.actor(m.customer), fee.ID); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a customer read the operator's fee: %v", err)
			}
			if _, err := m.register("orders").Item(r, m.actor(m.other), id); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("another customer's order: %v", err)
			}
			for _, x := range []struct{ list, person, key string }{{"statements", m.customer, st.ID}, {"remittances", m.operator, fee.ID}, {"orders", m.customer, id}} {
				if _, err := m.register(x.list).Item(r, m.actor(x.person), x.key); err != nil {
					t.Errorf("%s %s: %v", x.list, x.key, err)
				}
			}
			return nil
		})
	})
}

func (m *market) register(id string) *register.Register {
	m.t.Helper()
	for _, g := range procedures.Registers() {
		if g.ID == id {
			return g
		}
	}
	m.t.Fatalf("no register %s", id)
	return nil
}

// Reconcile sees every kind of tampering with the records behind it.
func TestReconcileFindsWhatIsWrong(t *testing.T) {
	for _, q := range []string{
		`UPDATE usage_month SET calls = calls + 1`,
		`UPDATE usage_segment SET charged = charged - 1`,
		`UPDATE statement SET amount_fen = amount_fen + 1`,
		`UPDATE fee_due SET fee_fen = fee_fen + 1`,
		`UPDATE fee_due SET income_fen = income_fen + 1`,
		`UPDATE statement SET paid_fen = 1`,
		`UPDATE ledger_posting SET fen = fen + 1 WHERE account = 'income'`,
		`UPDATE fee_due SET state = 'received'`,
	} {
		m := openMarket(t, store.SQLite, release)
		m.month(1)
		m.proof()
		m.write(q)
		var f *settlement.Fault
		var lf *ledger.Fault
		if err := m.db.View(ctx, settlement.Reconcile); !errors.As(err, &f) && !errors.As(err, &lf) {
			t.Errorf("%s passed: %v", q, err)
		}
	}
}

// month makes a closed month with calls charged.
func (m *market) month(calls int) {
	m.t.Helper()
	m.inForce(m.tariff("pd-1", price("general", "10.00"), price("small_firm", "0.10")))
	form := m.orderForm()
	form["quota"] = 100
	_, id := m.ordered(form)
	n := m.node(m.t.TempDir())
	k := n.issue(m.customer, id, "")
	for range calls {
		n.want(k.ID, "pd-1", gateway.Code(""))
	}
	if _, err := n.journal.SealAll(ctx, n.seal); err != nil {
		m.t.Fatal(err)
	}
	m.clock.At = time.Date(2026, 4, 1, 0, 0, 0, 0, calendar.Shanghai)
	if _, err := m.settler().CloseMonth(ctx, "2026-03", "clock"); err != nil {
		m.t.Fatal(err)
	}
}

// The operator hears before the last day and after it, the treasury after it, each once.
func TestRemittanceWarnings(t *testing.T) {
	eachMarket(t, func(t *testing.T, m *market) {
		m.month(1)
		warn := func(day int, want int) {
			t.Helper()
			m.clock.At = time.Date(2026, 4, day, 9, 0, 0, 0, calendar.Shanghai)
			for _, w := range []int{want, 0} {
				if n, err := procedures.WarnRemittances(ctx, m.Engine); err != nil || n != w {
					t.Fatalf("on April %d: %d messages, want %d: %v", day, n, w, err)
				}
			}
		}
		warn(1, 0) // due on the 8th, three working days before it is the 2nd
		warn(3, 2)
		warn(9, 3)
		storetest.Verify(t, m.db)
	})
}

// Closing from several places at once closes once.
func TestRacingCloses(t *testing.T) {
	eachMarket(t, func(t *testing.T, m *market) {
		m.inForce(m.tariff("pd-1", price("general", "10.00"), price("small_firm", "0.10")))
		form := m.orderForm()
		form["quota"] = 100
		_, id := m.ordered(form)
		n := m.node(t.TempDir())
		k := n.issue(m.customer, id, "")
		n.want(k.ID, "pd-1", "")
		if _, err := n.journal.SealAll(ctx, n.seal); err != nil {
			t.Fatal(err)
		}
		m.clock.At = time.Date(2026, 4, 1, 0, 0, 0, 0, calendar.Shanghai)
		var wg sync.WaitGroup
		var mu sync.Mutex
		fresh := 0
		for range 6 {
			wg.Go(func() {
				c, err := m.settler().CloseMonth(ctx, "2026-03", "clock")
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if !c.Before {
					fresh++
				}
			})
		}
		wg.Wait()
		if fresh != 1 {
			t.Errorf("closed %d times", fresh)
		}
		m.proof()
	})
}
