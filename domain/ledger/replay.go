package ledger

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"pado/core/audit"
	"pado/core/audit/verify"
	"pado/core/money"
	"pado/core/store"
)

const (
	postType = "ledger.post"
	atLayout = "2006-01-02T15:04:05.000Z" // UTC, as precise as the records
)

// entry is the log's own record of a voucher posted at at: with it, the books can be made again
// from the log alone and compared with the tables row by row.
func entry(t Transaction, at time.Time) audit.Entry {
	lines := make([]string, 0, len(t.Postings))
	for _, p := range t.Postings {
		if p.Amount != 0 {
			lines = append(lines, fmt.Sprintf("%s|%s|%d", p.Account.ID, p.Party, int64(p.Amount)))
		}
	}
	return audit.Entry{Type: postType, Actor: t.Person, Object: t.Key, Action: "post", Clause: t.Clause.ID, Result: audit.Done,
		Detail: map[string]string{"at": store.At(at).UTC().Format(atLayout), "period": t.Period, "purpose": t.Purpose, "case": t.CaseNo,
			"reverses": t.Reverses, "postings": strings.Join(lines, ";")}}
}

// place is an account of a party.
type place struct{ account, party string }

// line is one posting, in the order of its voucher.
type line struct {
	place
	fen money.Fen
}

// voucher is a transaction as the log or the tables have it.
type voucher struct {
	at, period, purpose, clause, caseNo, person, reverses string
	lines                                                 []line
}

// records tells whether a row of the tables is what the log says of a voucher. Entries written before
// they carried the time and the purpose are not asked for them.
func (v voucher) records(row voucher) bool {
	if v.at == "" {
		row.at, row.purpose = "", ""
	}
	return v.at == row.at && v.period == row.period && v.purpose == row.purpose && v.clause == row.clause && v.caseNo == row.caseNo &&
		v.person == row.person && v.reverses == row.reverses && slices.Equal(v.lines, row.lines)
}

// Replay makes the books again from the bodies of the log: every voucher sums to zero, is posted
// once, reversed at most once and breaks no floor; at the end every voucher, with each of its
// postings, and every balance is the one on record.
type Replay struct {
	view     func(func(*store.ReadTx) error) error // nil when only the log is at hand
	balances map[place]money.Fen
	vouchers map[string]voucher
	order    []string // keys as they were posted
	reversed map[string]bool
}

// NewReplay replays without the tables.
func NewReplay() *Replay {
	return &Replay{balances: map[place]money.Fen{}, vouchers: map[string]voucher{}, reversed: map[string]bool{}}
}

// Against also compares with the vouchers, postings and balances that view shows.
func (b *Replay) Against(view func(func(*store.ReadTx) error) error) *Replay {
	b.view = view
	return b
}

// Name implements verify.Hook.
func (b *Replay) Name() string { return "结算账簿" }

func wrong(format string, a ...any) error { return &verify.Problem{Message: fmt.Sprintf(format, a...)} }

// Replay implements verify.Hook.
func (b *Replay) Replay(r verify.Record) error {
	if r.Type != postType || r.Result == "refused" {
		return nil
	}
	if _, twice := b.vouchers[r.Object]; twice {
		return wrong("凭证 %s 入账两次", r.Object)
	}
	v := voucher{at: r.Detail["at"], period: r.Detail["period"], purpose: r.Detail["purpose"], clause: r.Clause, caseNo: r.Detail["case"],
		person: r.Actor, reverses: r.Detail["reverses"]}
	var readable bool
	v.lines, readable = readLines(r.Detail["postings"])
	_, known := b.vouchers[v.reverses]
	b.vouchers[r.Object], b.order = v, append(b.order, r.Object)
	if !readable {
		return wrong("凭证 %s 的分录无法读出", r.Object)
	}
	if v.reverses != "" {
		if !known || b.reversed[v.reverses] {
			return wrong("凭证 %s 冲销的凭证不存在或已被冲销", r.Object)
		}
		b.reversed[v.reverses] = true
	}
	return b.move(r.Object, v.lines)
}

// readLines reads the postings of an entry.
func readLines(text string) ([]line, bool) {
	var out []line
	for part := range strings.SplitSeq(text, ";") {
		f := strings.Split(part, "|")
		if len(f) != 3 || chart[f[0]].ID == "" {
			return nil, false
		}
		n, err := strconv.ParseInt(f[2], 10, 64)
		if err != nil || n == 0 {
			return nil, false
		}
		out = append(out, line{place{f[0], f[1]}, money.Fen(n)})
	}
	return out, true
}

// move carries a voucher to the balances.
func (b *Replay) move(key string, lines []line) error {
	var sum money.Fen
	touched := map[place]bool{}
	for _, l := range lines {
		sum, b.balances[l.place], touched[l.place] = sum+l.fen, b.balances[l.place]+l.fen, true
	}
	if sum != 0 {
		return wrong("凭证 %s 借贷不平", key)
	}
	for at := range touched {
		own := b.balances[at]
		if chart[at.account].Side == Credit {
			own = -own
		}
		if chart[at.account].Floor && own < 0 {
			return wrong("凭证 %s 使“%s”余额为负", key, chart[at.account].Title)
		}
	}
	return nil
}

// Done implements verify.Hook. It names the first voucher, in the order of the log, that the tables
// have otherwise or not at all, then the first one the log does not know.
func (b *Replay) Done() error {
	if b.view == nil {
		return nil
	}
	return b.view(func(r *store.ReadTx) error {
		book, err := readBook(r)
		if err != nil {
			return err
		}
		for _, key := range b.order {
			have, there := book[key]
			if !there {
				return wrong("凭证 %s 已不在账簿中", key)
			}
			if !b.vouchers[key].records(have) {
				return wrong("凭证 %s 在账簿中的内容与日志不符", key)
			}
			delete(book, key)
		}
		if len(book) > 0 {
			more := make([]string, 0, len(book))
			for key := range book {
				more = append(more, key)
			}
			sort.Strings(more)
			return wrong("账簿中的凭证 %s 在日志中没有记录", more[0])
		}
		return b.compareBalances(r)
	})
}

// readBook is every voucher in the tables, by key; postings without their transaction are one, too.
func readBook(r *store.ReadTx) (map[string]voucher, error) {
	book := map[string]voucher{}
	var heads []struct {
		Key                                           string
		At                                            store.Time
		Period, Purpose, Clause, CaseNo, Person, Undo string
	}
	if err := r.Select(&heads, `SELECT key, at, period, purpose, clause, case_no, person, COALESCE(reverses, '') AS undo FROM ledger_tx`); err != nil {
		return nil, err
	}
	for _, h := range heads {
		book[h.Key] = voucher{at: h.At.UTC().Format(atLayout), period: h.Period, purpose: h.Purpose, clause: h.Clause, caseNo: h.CaseNo,
			person: h.Person, reverses: h.Undo}
	}
	return book, r.Each(`SELECT tx, n, account, party, fen FROM ledger_posting ORDER BY tx, n`, nil, func(scan func(...any) error) error {
		var key string
		var n, fen int64
		var at place
		if err := scan(&key, &n, &at.account, &at.party, &fen); err != nil {
			return err
		}
		v := book[key]
		if n != int64(len(v.lines)+1) {
			at = place{} // a gap in the numbers, or one below the first, equals no posting of the log
		}
		v.lines = append(v.lines, line{at, money.Fen(fen)})
		book[key] = v
		return nil
	})
}

// compareBalances holds the cached balances to the sums of the vouchers; none is a balance of zero.
func (b *Replay) compareBalances(r *store.ReadTx) error {
	var rows []struct {
		Account, Party string
		Fen            money.Fen
	}
	if err := r.Select(&rows, `SELECT account, party, fen FROM ledger_balance`); err != nil {
		return err
	}
	cached := map[place]money.Fen{}
	for _, x := range rows {
		cached[place{x.Account, x.Party}] = x.Fen
	}
	var off []string
	for at, fen := range b.balances {
		if cached[at] != fen {
			off = append(off, at.account)
		}
		delete(cached, at)
	}
	for at, fen := range cached {
		if fen != 0 || chart[at.account].ID == "" {
			off = append(off, at.account)
		}
	}
	if len(off) == 0 {
		return nil
	}
	sort.Strings(off)
	if title := chart[off[0]].Title; title != "" {
		return wrong("科目“%s”的余额与日志中的凭证不符", title)
	}
	return wrong("账簿中有科目表以外的余额")
}
