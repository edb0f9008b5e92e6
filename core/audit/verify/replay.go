package verify

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

// Hook replays books of its own (a privacy budget, a ledger) from the bodies and says where they do not agree.
type Hook interface {
	Name() string
	// Replay is given every body there is, in order of leaves. An error is a finding at that leaf.
	Replay(Record) error
	// Done is asked once after the last leaf.
	Done() error
}

// Problem is an error of a Hook whose message is a Chinese sentence for the report; any other error's text is kept
// out of it.
type Problem struct{ Message string }

func (p *Problem) Error() string { return p.Message }

// replay carries what a leaf's checks need of the leaves before it.
type replay struct {
	report  *Report
	hooks   []Hook
	next    int64
	last    time.Time
	intents map[int64]intent
	hidden  spans // leaves without body
	bare    spans // leaves with body but without salt
	erased  []span
	turns   []turn
	genesis *Record
}

type intent struct {
	coarse, object string
	used           bool
}

// span is a run of leaf numbers, both ends included; spans are ascending and apart.
type span struct{ from, to int64 }

type spans []span

func (s *spans) add(n int64) {
	if last := len(*s) - 1; last >= 0 && (*s)[last].to == n-1 {
		(*s)[last].to = n
		return
	}
	*s = append(*s, span{n, n})
}

func (s spans) holds(n int64) bool {
	i := sort.Search(len(s), func(i int) bool { return s[i].to >= n })
	return i < len(s) && s[i].from <= n
}

func (r *replay) leaf(v *leafView) {
	n := r.next
	r.next++
	rep := r.report
	if v.seq != n {
		rep.add(KindGap, n, "第 %d 条之后应为第 %d 条，来源给出的却是第 %d 条：记录缺失、重复或次序被改。", n-1, n, v.seq)
		n = v.seq // go on from what the source says, so that one gap is one finding
		r.next = n + 1
	}
	if !v.form {
		rep.add(KindLeaf, n, "第 %d 条记录不是规定的格式。", n)
		return
	}
	if (v.coarse == "genesis") != (n == 0) {
		if n == 0 {
			rep.add(KindGenesis, 0, "日志的第一条不是创始记录。")
		} else {
			rep.add(KindGenesis, n, "第 %d 条又是一条创始记录：一部日志只能有一个开头。", n)
		}
	}
	if v.stray != "" {
		rep.add(KindColumns, n, "第 %d 条供查询的“%s”一栏与日志本身不符：查询栏目在写入后被改动。", n, v.stray)
	}
	switch v.state {
	case bodyHidden:
		rep.Hidden++
		r.hidden.add(n)
		return
	case bodyWrong:
		rep.add(KindBody, n, "第 %d 条的正文与日志中的加盐哈希不符：正文在写入后被改动。", n)
		r.hidden.add(n)
		return
	case bodyGarbled:
		rep.add(KindBodyForm, n, "第 %d 条的正文不是规定的格式，或与公开的类型不一致。", n)
		r.hidden.add(n)
		return
	case bodyProven:
		rep.Bodies++
	case bodyUnproven:
		r.bare.add(n)
	}
	r.body(n, v.record)
}

func (r *replay) body(n int64, rec *Record) {
	rep := r.report
	if rec.Seq != n {
		rep.add(KindGap, n, "第 %d 条的正文自称第 %d 条。", n, rec.Seq)
	}
	if rec.Time.Before(r.last) {
		rep.add(KindTime, n, "第 %d 条的时间早于它之前的记录。", n)
	} else {
		r.last = rec.Time
	}
	switch {
	case rec.Result == "refused" && rec.Code == "":
		rep.add(KindRefusal, n, "第 %d 条是不予办理，却没有理由代码。", n)
	case rec.Result == "done" && rec.Code != "", rec.Result != "done" && rec.Result != "refused":
		rep.add(KindRefusal, n, "第 %d 条的办理结果自相矛盾。", n)
	}
	if rec.Result == "done" {
		switch fine := rec.Fine(); {
		case fine == "intent":
			r.intents[n] = intent{coarse: rec.Coarse(), object: rec.Object}
		case fine == "release":
			r.release(n, rec)
		case rec.Type == "audit.erasure" && rec.Proven:
			r.erasure(n, rec)
		case rec.Type == "key.rotation" && rec.Proven:
			r.rotation(n, rec)
		case n == 0 && rec.Type == "genesis" && rec.Proven:
			r.genesis = rec
		}
	}
	for _, h := range r.hooks {
		if err := h.Replay(*rec); err != nil {
			rep.add(KindReplay+":"+h.Name(), n, "第 %d 条：%s", n, hookMessage(h, err))
		}
	}
}

func hookMessage(h Hook, err error) string {
	if p, ok := err.(*Problem); ok {
		return p.Message
	}
	return fmt.Sprintf("复核“%s”没有通过。", h.Name())
}

// release checks that a release names an intent of its own: earlier, of the same kind and object, not used up.
func (r *replay) release(n int64, rec *Record) {
	at, ok := number(rec.Detail["intent"])
	if !ok || at >= n {
		r.report.add(KindIntent, n, "第 %d 条放行没有写明在它之前的意向记录。", n)
		return
	}
	in, known := r.intents[at]
	switch {
	case !known && r.hidden.holds(at):
		// The intent's body is not shown here; whoever may see it can check the rest.
	case !known:
		r.report.add(KindIntent, n, "第 %d 条放行所指的第 %d 条不是意向记录。", n, at)
	case in.coarse != rec.Coarse() || in.object != rec.Object:
		r.report.add(KindIntent, n, "第 %d 条放行与第 %d 条意向不是同一件事。", n, at)
	case in.used:
		r.report.add(KindIntent, n, "第 %d 条放行所指的第 %d 条意向已被更早的放行使用。", n, at)
	default:
		in.used = true
		r.intents[at] = in
	}
}

func (r *replay) erasure(n int64, rec *Record) {
	last := int64(-1)
	for part := range strings.SplitSeq(rec.Detail["erased"], ",") {
		lo, hi, isRange := strings.Cut(part, "-")
		if !isRange {
			hi = lo
		}
		from, ok1 := number(lo)
		to, ok2 := number(hi)
		if !ok1 || !ok2 || from <= last || to < from || to >= n {
			r.report.add(KindBodyForm, n, "第 %d 条清除记录所列的条目编号无法读取。", n)
			return
		}
		r.erased, last = append(r.erased, span{from, to}), to
	}
}

// finish makes the checks that need the whole log.
func (r *replay) finish(holdsBodies bool) {
	sort.Slice(r.erased, func(i, j int) bool { return r.erased[i].from < r.erased[j].from })
	if holdsBodies {
		r.uncovered(r.hidden, "第 %d 条没有正文，日志中也没有清除它的记录。")
	}
	r.uncovered(r.bare, "第 %d 条的盐值已不在，日志中却没有清除它的记录，正文无从核对。")
	for _, h := range r.hooks {
		if err := h.Done(); err != nil {
			r.report.add(KindReplay+":"+h.Name(), -1, "%s", hookMessage(h, err))
		}
	}
}

// uncovered reports the first leaf of each run that no erasure names, and counts the rest as erased.
func (r *replay) uncovered(missing spans, message string) {
	e := 0
	for _, m := range missing {
		for n := m.from; n <= m.to; {
			for e < len(r.erased) && r.erased[e].to < n {
				e++
			}
			if e < len(r.erased) && r.erased[e].from <= n {
				upTo := min(m.to, r.erased[e].to)
				r.report.Erased += upTo - n + 1
				n = upTo + 1
				continue
			}
			if !r.known(n) {
				r.report.add(KindMissing, n, message, n)
			}
			if e == len(r.erased) || r.erased[e].from > m.to {
				break
			}
			n = r.erased[e].from
		}
	}
}

// known reports whether leaf n already has a finding about its body.
func (r *replay) known(n int64) bool {
	for _, f := range r.report.Findings {
		if f.Index == n && (f.Kind == KindBody || f.Kind == KindBodyForm) {
			return true
		}
	}
	return false
}
