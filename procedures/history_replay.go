package procedures

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"pado/core/audit"
	"pado/core/audit/verify"
	"pado/core/canon"
	"pado/core/store"
)

// HistoryReplay holds the history of every case to the log: who did what in which order, under which
// clause and number, in which words. What the log does not carry it cannot compare: names and labels,
// and the form of an act that is no longer the last.
type HistoryReplay struct {
	view   func(func(*store.ReadTx) error) error
	events map[string][]loggedEvent
	order  []string // case numbers as they began
}

// loggedEvent is what an entry says of an act.
type loggedEvent struct {
	happening
	seq    int64
	commit map[string]verify.Commitment
}

// happening is the part of an event that the log has in clear.
type happening struct {
	n, revision                                           int64
	person, org, behalf, action, from, to, clause, number string
}

// NewHistoryReplay compares with the tables that view shows.
func NewHistoryReplay(view func(func(*store.ReadTx) error) error) *HistoryReplay {
	return &HistoryReplay{view: view, events: map[string][]loggedEvent{}}
}

// Name implements verify.Hook.
func (h *HistoryReplay) Name() string { return "办理过程" }

// Replay implements verify.Hook.
func (h *HistoryReplay) Replay(r verify.Record) error {
	if r.Result != "done" || !strings.HasPrefix(r.Type, "case.") || r.Detail["n"] == "" {
		return nil
	}
	n, err := strconv.ParseInt(r.Detail["n"], 10, 64)
	if err != nil {
		return unlike("事项 %s 的办理序号无法读出", r.Object)
	}
	past, known := h.events[r.Object]
	if !known {
		h.order = append(h.order, r.Object)
	}
	h.events[r.Object] = append(past, loggedEvent{happening{n, r.Version, r.Actor, r.Org, r.Behalf, r.Action, r.From, r.To, r.Clause, r.Detail["doc_no"]}, r.Seq, r.Commit})
	return nil
}

// Done implements verify.Hook. It names the first case, in the order of the log, whose history differs.
func (h *HistoryReplay) Done() error {
	return h.view(func(r *store.ReadTx) error {
		have, err := happenings(r)
		if err != nil {
			return err
		}
		for _, no := range h.order {
			logged, rows := h.events[no], have[no]
			if len(rows) != len(logged) {
				return unlike("事项 %s 的办理记录有 %d 项，日志中有 %d 项", no, len(rows), len(logged))
			}
			// Entries of one transaction need not stand in the order of the acts.
			slices.SortFunc(logged, func(a, b loggedEvent) int { return int(a.n - b.n) })
			for i, row := range rows {
				if row.happening != logged[i].happening {
					return unlike("事项 %s 的第 %d 项办理记录与日志不符", no, i+1)
				}
			}
		}
		for _, no := range slices.Sorted(maps.Keys(have)) {
			if _, known := h.events[no]; !known {
				return unlike("事项 %s 的办理过程在日志中没有记录", no)
			}
		}
		return h.words(r, have)
	})
}

// words compares what the log has only as commitments: opinions, inputs and the form as it stands.
// Where a salt was erased nothing can be said any more.
func (h *HistoryReplay) words(r *store.ReadTx, have map[string][]eventRow) error {
	salts := map[int64][]byte{}
	err := r.Each(`SELECT seq, salt FROM audit_leaf WHERE salt IS NOT NULL AND type LIKE 'case.%'`, nil, func(scan func(...any) error) error {
		var seq int64
		var salt []byte
		err := scan(&seq, &salt)
		salts[seq] = salt
		return err
	})
	if err != nil {
		return err
	}
	forms := map[string]string{}
	if err := r.Each(`SELECT no, form FROM case_file`, nil, func(scan func(...any) error) error {
		var no, form string
		err := scan(&no, &form)
		forms[no] = form
		return err
	}); err != nil {
		return err
	}
	for _, no := range h.order {
		last := -1
		for i, e := range h.events[no] {
			salt, row := salts[e.seq], have[no][i]
			if _, speaks := e.commit["form"]; !speaks || len(salt) == 0 {
				continue // a case handed over with its desk commits to no words
			}
			last = i
			if !committed(e.commit, salt, "opinion", row.opinion) || !committed(e.commit, salt, "input", strings.TrimPrefix(row.input, "{}")) {
				return unlike("事项 %s 第 %d 项办理记录的意见或填报内容与日志不符", no, e.n)
			}
		}
		if last < 0 {
			continue
		}
		e, form := h.events[no][last], forms[no]
		if !committed(e.commit, salts[e.seq], "form", form) || have[no][last].digest != canon.Digest([]byte(form)) {
			return unlike("事项 %s 的表单与日志不符", no)
		}
	}
	return nil
}

// committed tells whether a value is the one an entry committed to under name; an empty one has no commitment.
func committed(commit map[string]verify.Commitment, salt []byte, name, value string) bool {
	c, there := commit[name]
	if !there || value == "" {
		return !there && value == ""
	}
	is := audit.Commit(audit.ValueKey(salt, name), value)
	return is.SHA256 == c.SHA256 && is.SM3 == c.SM3
}

type eventRow struct {
	happening
	opinion, input, digest string
}

func happenings(r *store.ReadTx) (map[string][]eventRow, error) {
	out := map[string][]eventRow{}
	return out, r.Each(`SELECT case_no, n, revision, person, org, behalf, action, from_state, to_state, clause, doc_no,
		opinion, input, form_digest FROM case_event ORDER BY case_no, n`, nil,
		func(scan func(...any) error) error {
			var no string
			var e eventRow
			if err := scan(&no, &e.n, &e.revision, &e.person, &e.org, &e.behalf, &e.action, &e.from, &e.to, &e.clause, &e.number,
				&e.opinion, &e.input, &e.digest); err != nil {
				return err
			}
			out[no] = append(out[no], e)
			return nil
		})
}
