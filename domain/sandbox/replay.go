package sandbox

import (
	"fmt"
	"strconv"
	"strings"

	"pado/core/audit/verify"
)

// BudgetReplay replays the privacy budget from the bodies of the log alone: totals as they were
// opened, slices as they were allotted, every debit. It finds a debit or a slice that the totals do
// not allow, and an answer that nothing was paid for.
type BudgetReplay struct {
	totals, spent, allotted map[string]pair
	slices, sliceSpent      map[string]pair
	paid                    map[string]bool
}

// pair is ρ and δ.
type pair struct{ rho, delta int64 }

func (a pair) plus(b pair) pair   { return pair{a.rho + b.rho, a.delta + b.delta} }
func (a pair) within(b pair) bool { return a.rho <= b.rho && a.delta <= b.delta }

// NewBudgetReplay is empty.
func NewBudgetReplay() *BudgetReplay {
	return &BudgetReplay{totals: map[string]pair{}, spent: map[string]pair{}, allotted: map[string]pair{}, slices: map[string]pair{}, sliceSpent: map[string]pair{}, paid: map[string]bool{}}
}

// Name implements verify.Hook.
func (b *BudgetReplay) Name() string { return "隐私预算" }

func wrong(format string, a ...any) error { return &verify.Problem{Message: fmt.Sprintf(format, a...)} }

// Replay implements verify.Hook.
func (b *BudgetReplay) Replay(r verify.Record) error {
	if !strings.HasPrefix(r.Type, "sandbox.") || r.Result == "refused" {
		return nil
	}
	rho, err1 := strconv.ParseInt(r.Detail["rho"], 10, 64)
	delta, err2 := strconv.ParseInt(r.Detail["delta"], 10, 64)
	amount := pair{rho, delta}
	switch r.Type {
	case "sandbox.lineage", "sandbox.allot", "sandbox.debit":
		if err1 != nil || err2 != nil || rho < 0 || delta < 0 {
			return wrong("预算记录没有有效的数额")
		}
	}
	lineage := r.Detail["lineage"]
	switch r.Type {
	case "sandbox.lineage":
		if _, twice := b.totals[lineage]; twice {
			return wrong("数据谱系 %s 的预算被重置", lineage)
		}
		b.totals[lineage] = amount
	case "sandbox.allot":
		key := r.Object + " " + lineage
		old := b.slices[key]
		sum := b.allotted[lineage].plus(pair{rho - old.rho, delta - old.delta})
		if !sum.within(b.totals[lineage]) {
			return wrong("数据谱系 %s 的额度之和超过总量", lineage)
		}
		if !b.sliceSpent[key].within(amount) {
			return wrong("项目 %s 的额度低于已用", r.Object)
		}
		b.slices[key], b.allotted[lineage] = amount, sum
	case "sandbox.debit":
		b.paid[r.Detail["question"]] = true
		if amount == (pair{}) {
			return nil
		}
		for _, l := range strings.Split(r.Detail["lineages"], ",") {
			key := r.Object + " " + l
			if b.sliceSpent[key] = b.sliceSpent[key].plus(amount); !b.sliceSpent[key].within(b.slices[key]) {
				return wrong("项目 %s 超支", r.Object)
			}
			if r.Detail["repeated"] == "true" {
				continue
			}
			if b.spent[l] = b.spent[l].plus(amount); !b.spent[l].within(b.totals[l]) {
				return wrong("数据谱系 %s 超支", l)
			}
		}
	case "sandbox.release":
		if !b.paid[r.Detail["question"]] {
			return wrong("项目 %s 有未扣预算的答复", r.Object)
		}
	}
	return nil
}

// Done implements verify.Hook.
func (b *BudgetReplay) Done() error { return nil }
