package ledger

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"pado/core/audit"
	"pado/core/audit/verify"
	"pado/core/money"
	"pado/core/store"
)

const postType = "ledger.post"

// entry is the log's own record of a voucher: with it, the books can be made again from the log
// alone and compared with the tables.
func entry(t Transaction) audit.Entry {
	lines := make([]string, 0, len(t.Postings))
	for _, p := range t.Postings {
		if p.Amount != 0 {
			lines = append(lines, fmt.Sprintf("%s|%s|%d", p.Account.ID, p.Party, int64(p.Amount)))
		}
	}
	return audit.Entry{Type: postType, Actor: t.Person, Object: t.Key, Action: "post", Clause: t.Clause.ID, Result: audit.Done,
		Detail: map[string]string{"period": t.Period, "case": t.CaseNo, "reverses": t.Reverses, "postings": strings.Join(lines, ";")}}
}

// place is an account of a party.
type place struct{ account, party string }

// Replay makes the books again from the bodies of the log: every voucher sums to zero, is posted
// once, reversed at most once and breaks no floor; at the end every balance is the one in Book.
type Replay struct {
	// Book reads the balances on record; nil when only the log is at hand.
	Book     func() (map[place]money.Fen, error)
	balances map[place]money.Fen
	posted   map[string]bool
	reversed map[string]bool
}

// NewReplay replays without the tables.
func NewReplay() *Replay {
	return &Replay{balances: map[place]money.Fen{}, posted: map[string]bool{}, reversed: map[string]bool{}}
}

// Against also compares with the balances and postings in r.
func (b *Replay) Against(view func(func(*store.ReadTx) error) error) *Replay {
	b.Book = func() (map[place]money.Fen, error) {
		out := map[place]money.Fen{}
		return out, view(func(r *store.ReadTx) error {
			var rows []struct {
				Account, Party string
				Fen            int64
			}
			if err := r.Select(&rows, `SELECT account, party, CAST(SUM(fen) AS BIGINT) AS fen FROM ledger_posting GROUP BY account, party`); err != nil {
				return err
			}
			for _, x := range rows {
				out[place{x.Account, x.Party}] = money.Fen(x.Fen)
			}
			return nil
		})
	}
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
	if b.posted[r.Object] {
		return wrong("凭证 %s 入账两次", r.Object)
	}
	b.posted[r.Object] = true
	if old := r.Detail["reverses"]; old != "" {
		if !b.posted[old] || b.reversed[old] {
			return wrong("凭证 %s 冲销的凭证不存在或已被冲销", r.Object)
		}
		b.reversed[old] = true
	}
	var sum money.Fen
	touched := map[place]bool{}
	for _, line := range strings.Split(r.Detail["postings"], ";") {
		f := strings.Split(line, "|")
		if len(f) != 3 || chart[f[0]].ID == "" {
			return wrong("凭证 %s 的分录无法读出", r.Object)
		}
		n, err := strconv.ParseInt(f[2], 10, 64)
		if err != nil {
			return wrong("凭证 %s 的分录无法读出", r.Object)
		}
		at := place{f[0], f[1]}
		sum, b.balances[at], touched[at] = sum+money.Fen(n), b.balances[at]+money.Fen(n), true
	}
	if sum != 0 {
		return wrong("凭证 %s 借贷不平", r.Object)
	}
	for at := range touched {
		own := b.balances[at]
		if chart[at.account].Side == Credit {
			own = -own
		}
		if chart[at.account].Floor && own < 0 {
			return wrong("凭证 %s 使“%s”余额为负", r.Object, chart[at.account].Title)
		}
	}
	return nil
}

// Done implements verify.Hook.
func (b *Replay) Done() error {
	if b.Book == nil {
		return nil
	}
	book, err := b.Book()
	if err != nil {
		return err
	}
	all := map[place]bool{}
	for at := range book {
		all[at] = true
	}
	for at := range b.balances {
		all[at] = true
	}
	list := make([]place, 0, len(all))
	for at := range all {
		list = append(list, at)
	}
	sort.Slice(list, func(i, j int) bool {
		return list[i].account < list[j].account || list[i].account == list[j].account && list[i].party < list[j].party
	})
	for _, at := range list {
		if book[at] != b.balances[at] {
			return wrong("科目“%s”的账面数与日志中的凭证不符", chart[at.account].Title)
		}
	}
	return nil
}
