package procedures_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pado/core/calendar"
	"pado/core/money"
	"pado/core/store"
	"pado/domain/ledger"
)

// Whatever was used at whatever price by whomever: every month closes, what is owed is the sum of
// what was used, and the books hold it to the fen.
func TestAnyUsageSettlesToTheFen(t *testing.T) {
	m := openMarket(t, store.SQLite, release)
	for i, fen := range []int64{0, 1, 33, 101, 99_999} {
		class := "general"
		if fen == 0 {
			class = "public"
		}
		m.write(`INSERT INTO tariff (id, product, version, customer_class, unit, price_fen, expected, trial, filing_no, state, publicised, effective_from, effective_to, case_no)
			VALUES ($1, 'pd-1', $2, $3, 'call', $4, 0, $5, 'BA', 'ended', 0, $6, 1, 'x')`, fmt.Sprintf("t%d", i), 100+i, class, fen, true, int64(0))
	}
	month := calendar.Date{Y: 2026, M: 3, D: 1}
	var income money.Fen
	rapid.Check(t, func(rt *rapid.T) {
		if month.Y > 2028 { // the agreement's term and the working days known end; a shrink repeats from the start
			return
		}
		key := month.String()[:7]
		month = month.AddMonths(1)
		var want money.Fen
		var calls int64
		for n := range rapid.IntRange(0, 6).Draw(rt, "rows") {
			tariff := rapid.IntRange(0, 4).Draw(rt, "tariff")
			c := rapid.Int64Range(1, 1_000_000).Draw(rt, "calls")
			customer := rapid.SampledFrom([]string{m.cuOrg, "org-cu2"}).Draw(rt, "customer")
			m.write(`INSERT INTO usage_month (month, order_id, tariff, product, customer_org, agreement, calls, row_count, late_calls) VALUES ($1,$2,$3,'pd-1',$4,$5,$6,0,0)`,
				key, fmt.Sprintf("o%d", n), fmt.Sprintf("t%d", tariff), customer, m.agreement, c)
			calls += c
			want += money.Fen([]int64{0, 1, 33, 101, 99_999}[tariff] * c)
		}
		m.write(`INSERT INTO usage_segment (name, node, segment, sha256, sm3, first_record, last_record, records, charged, sealed_at) VALUES ($1, 'g', $2, '', '', $2, $2, 1, $3, 0)`,
			"g-"+key, int64(month.Y*12+int(month.M)), calls)
		m.clock.At = month.Start().Add(time.Hour)
		done, err := m.settler().CloseMonth(ctx, key, "clock")
		if err != nil || done.Amount != want {
			rt.Fatalf("%s: %s instead of %s: %v", key, done.Amount, want, err)
		}
		income += want
		if got := m.balance(ledger.Income, m.opOrg); got != income {
			rt.Fatalf("%s: the books hold %s, earned %s", key, got, income)
		}
	})
	m.proof()
}
