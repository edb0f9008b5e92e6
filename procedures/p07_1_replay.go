package procedures

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"pado/core/audit/verify"
	"pado/core/calendar"
	"pado/core/store"
)

// SupplyReplay holds the records of supply to the log: requests and their answers, collections,
// deliveries, the calendar, alarms, correction tickets and national registrations. A row that was
// edited, added or removed behind its back is found and named.
type SupplyReplay struct {
	view  func(func(*store.ReadTx) error) error
	facts map[string]map[string]supplyFact // table, then key
}

// supplyFact is a row by the columns that are compared.
type supplyFact map[string]string

// supplyTables are the tables with what is compared of each row.
var supplyTables = []replayed{
	{"supply_request", "供给需求单", "case_no", "item, source_org, operator_org, held, answer, ground, state, CAST(COALESCE(answer_due,0) AS TEXT) || '/' || CAST(answer_due_year AS TEXT) AS due", limit},
	{"supply_collection", "归集登记", "id", "item, source_org, mode, collected, place, case_no, state", nil},
	{"supply_delivery", "报送", "id", "hookup, raw, CAST(received AS TEXT) AS at, period, state, version, COALESCE(CAST(row_count AS TEXT),'') AS rows", nil},
	{"supply_period", "供给日历", "hookup || '@' || starts", "ends, delivery, COALESCE(CAST(delivered AS TEXT),'') AS delivered, alarm, CAST(COALESCE(due,0) AS TEXT) || '/' || CAST(due_year AS TEXT) AS due", limit},
	{"supply_alarm", "供给异常", "id", "kind, hookup, case_no, state", nil},
	{"quality_ticket", "质量整改单", "case_no", "dataset, version, field, dimension, severity, source_org, operator_org, answer, answer_version, CAST(escalated AS TEXT) AS escalated, state", nil},
	{"national_registration", "公共数据资源登记", "item", "state, number, coded, valid_to, told, applied, CAST(COALESCE(due,0) AS TEXT) || '/' || CAST(due_year AS TEXT) AS due", limit},
}

// NewSupplyReplay compares with the tables that view shows.
func NewSupplyReplay(view func(func(*store.ReadTx) error) error) *SupplyReplay {
	s := &SupplyReplay{view: view, facts: map[string]map[string]supplyFact{}}
	for _, t := range supplyTables {
		s.facts[t.name] = map[string]supplyFact{}
	}
	return s
}

// Name implements verify.Hook.
func (s *SupplyReplay) Name() string { return "供给" }

// row is the fact of a key, begun where there is none.
func (s *SupplyReplay) row(table, key string) supplyFact {
	f, ok := s.facts[table][key]
	if !ok {
		f = supplyFact{}
		s.facts[table][key] = f
	}
	return f
}

// each calls do for every row of a table whose column has a value.
func (s *SupplyReplay) each(table, column, value string, do func(key string, f supplyFact)) {
	for key, f := range s.facts[table] {
		if f[column] == value {
			do(key, f)
		}
	}
}

func (f supplyFact) set(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		f[pairs[i]] = pairs[i+1]
	}
}

// Replay implements verify.Hook.
func (s *SupplyReplay) Replay(r verify.Record) error {
	if r.Result != "done" {
		return nil
	}
	switch r.Type {
	case "supply.request":
		s.request(r)
	case "supply.collection":
		s.collection(r)
	case "supply.delivery":
		s.delivery(r)
	case "supply.period":
		f := s.row("supply_period", r.Object+"@"+r.To)
		f.set("due", r.Detail["due"])
		if r.Action == "expect" {
			f.set("ends", r.Detail["ends"])
		}
	case "supply.alarm":
		s.alarm(r)
	case "quality.ticket":
		s.ticket(r)
	case "national.registration":
		s.national(r)
	}
	return nil
}

func (s *SupplyReplay) request(r verify.Record) {
	f, d := s.row("supply_request", r.Object), r.Detail
	switch r.Action {
	case "ask":
		f.set("item", d["item"], "source_org", d["source"], "operator_org", d["operator"], "held", "", "answer", "", "ground", "", "state", "open", "due", "")
	case "forward":
		f.set("held", d["held"], "due", d["due"])
	case "answer":
		f.set("answer", r.To, "ground", d["ground"])
		if d["item"] != "" {
			f.set("item", d["item"])
		}
	case "name":
		f.set("item", d["item"])
	case "close":
		f.set("state", r.To)
	}
}

func (s *SupplyReplay) collection(r verify.Record) {
	d := r.Detail
	if r.Action == "end" {
		s.each("supply_collection", "case_no", r.Object, func(_ string, f supplyFact) { f.set("state", "ended") })
		return
	}
	s.each("supply_collection", "item", d["item"], func(_ string, f supplyFact) { f.set("state", "ended") })
	s.row("supply_collection", r.Object).set("item", d["item"], "source_org", r.Org, "mode", d["mode"], "collected", d["on"], "place", d["place"], "case_no", d["case"], "state", r.To)
}

func (s *SupplyReplay) delivery(r verify.Record) {
	f, d := s.row("supply_delivery", r.Object), r.Detail
	if r.Action == "arrive" {
		f.set("hookup", d["hookup"], "raw", d["raw"], "at", d["at"])
		if d["period"] != "" {
			s.row("supply_period", d["hookup"]+"@"+d["period"]).set("delivery", r.Object, "delivered", d["at"])
		}
	} else {
		if f["period"] != "" && d["period"] == "" {
			s.each("supply_period", "delivery", r.Object, func(_ string, p supplyFact) { p.set("delivery", "", "delivered", "") })
		}
		f.set("rows", "")
		if d["version"] != "" {
			f.set("rows", d["rows"])
		}
	}
	f.set("period", d["period"], "state", r.To, "version", d["version"])
}

func (s *SupplyReplay) alarm(r verify.Record) {
	d := r.Detail
	switch r.Action {
	case "raise":
		f := s.row("supply_alarm", r.Object)
		f.set("kind", d["kind"], "hookup", d["hookup"], "state", "open")
		if d["kind"] == "late" {
			s.row("supply_period", d["hookup"]+"@"+d["period"]).set("alarm", r.Object)
		}
	case "open":
		s.row("supply_alarm", r.Object).set("case_no", d["case"])
	case "resolve":
		s.each("supply_alarm", "case_no", r.Object, func(_ string, f supplyFact) { f.set("state", "resolved") })
	}
}

func (s *SupplyReplay) ticket(r verify.Record) {
	f, d := s.row("quality_ticket", r.Object), r.Detail
	switch r.Action {
	case "raise":
		f.set("dataset", d["dataset"], "version", d["version"], "field", d["field"], "dimension", d["dimension"], "severity", d["severity"], "source_org", d["source"], "operator_org", r.Org, "escalated", "0", "state", "open")
	case "answer":
		f.set("answer", r.To, "answer_version", d["version"])
	case "escalate":
		n, _ := strconv.Atoi(f["escalated"])
		f.set("escalated", strconv.Itoa(n+1))
	case "close":
		f.set("state", r.To)
	}
}

func (s *SupplyReplay) national(r verify.Record) {
	f, d := s.row("national_registration", r.Object), r.Detail
	switch r.Action {
	case "begin":
		if f["state"] == "" {
			f.set("state", "none")
		}
		f.set("due", "")
		if d["obliged"] == "true" {
			f.set("due", d["due"])
		}
	case "resolve":
		f.set("due", d["due"])
	case "report":
		f.set("state", r.To)
		if r.To == "applied" && d["act"] == "initial" {
			f.set("applied", d["on"])
		}
		if r.To == "cancelled" {
			f.set("number", "", "coded", "", "valid_to", "")
		}
	case "code":
		f.set("state", "coded", "number", d["number"], "coded", d["on"], "valid_to", d["valid_to"], "told", "")
	case "warn":
		f.set("told", r.To)
	case "end":
		f.set("state", r.To)
		if f["number"] != "" {
			f.set("state", "coded")
		}
	}
}

// Done implements verify.Hook.
func (s *SupplyReplay) Done() error { return compareFacts(s.view, supplyTables, s.facts) }

// replayed is a table with what is compared of its rows; every cell is text. as turns a cell into what
// an entry says of it, by the name of its column.
// Expressions among the columns hold no comma followed by a space.
type replayed struct {
	name, label, key, columns string
	as                        map[string]func(cell string) (string, error)
}

// compareFacts finds the first row that is not as the log says, that the log does not know, or that is gone.
func compareFacts(view func(func(*store.ReadTx) error) error, tables []replayed, facts map[string]map[string]supplyFact) error {
	return view(func(r *store.ReadTx) error {
		for _, t := range tables {
			if err := t.compare(r, facts[t.name]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t replayed) compare(r *store.ReadTx, logged map[string]supplyFact) error {
	var names []string
	for _, c := range strings.Split(t.columns, ", ") {
		f := strings.Fields(c)
		names = append(names, f[len(f)-1])
	}
	if err := r.Each(`SELECT `+t.key+`, `+t.columns+` FROM `+t.name, nil, func(scan func(...any) error) error {
		cells := make([]string, len(names)+1)
		into := make([]any, len(cells))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := scan(into...); err != nil {
			return err
		}
		f, known := logged[cells[0]]
		if !known {
			return unlike("%s %s 在日志中没有记录", t.label, cells[0])
		}
		for i, name := range names {
			cell := cells[i+1]
			if as := t.as[name]; as != nil {
				var err error
				if cell, err = as(cell); err != nil {
					return err
				}
			}
			if f[name] != cell {
				return unlike("%s %s 与日志不符", t.label, cells[0])
			}
		}
		delete(logged, cells[0])
		return nil
	}); err != nil {
		return err
	}
	if left := slices.Sorted(maps.Keys(logged)); len(left) > 0 {
		return unlike("日志中的%s %s 已不在记录中", t.label, left[0])
	}
	return nil
}

// limit is a deadline, as milliseconds and the year that is not published, in the words of an entry.
var limit = map[string]func(string) (string, error){"due": func(cell string) (string, error) {
	ms, year, _ := strings.Cut(cell, "/")
	at, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return "", err
	}
	unresolved, err := strconv.Atoi(year)
	if err != nil {
		return "", err
	}
	d := calendar.Due{Unresolved: unresolved}
	if at != 0 {
		d.At = time.UnixMilli(at)
	}
	return d.Label(), nil
}}
