package supply

import (
	"fmt"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// Request is what an operator asked of a source (供给需求单), by its case. Item is empty while the
// resource is not in the catalogue yet.
type Request struct {
	CaseNo, Item, SourceOrg, OperatorOrg, Division, Title string
	Held                                                  string // "yes" on the city's platform already, "no", or empty before the check
	Submitted, Forwarded                                  store.Time
	AnswerDue                                             store.Time // zero = none, or not to be computed yet
	AnswerDueYear                                         int
	Answer                                                string // agreed or refused; empty = none yet
	Answered                                              store.Time
	Ground                                                string // why it was refused; see Grounds
	State                                                 string // open, supplied, refused, nonconforming, withdrawn
	Closed                                                store.Time
}

const requestColumns = `case_no, item, source_org, operator_org, division, title, held, submitted, forwarded, answer_due, answer_due_year, answer, answered, ground, state, closed`

// Grounds are what supply may be refused on.
var Grounds = []procedure.Option{{Value: "law", Label: "法律法规禁止或限制提供"}, {Value: "duty", Label: "不属于本单位职责范围，无此数据"}, {Value: "grade", Label: "级别为核心或重要，不得授权"},
	{Value: "consent", Label: "共享获得，来源单位不同意"}, {Value: "privacy", Label: "个人信息处理没有合法性基础"}, {Value: "other", Label: "其他（在意见中写明）"}}

// RequestStates are the stored states with their names.
var RequestStates = []procedure.Option{{Value: "open", Label: "办理中"}, {Value: "supplied", Label: "已供给"}, {Value: "refused", Label: "不予供给"},
	{Value: "nonconforming", Label: "不符合"}, {Value: "withdrawn", Label: "已撤回"}}

// RequestOf reads the request of a case; store.ErrNotFound before it was submitted.
func RequestOf(r *store.ReadTx, caseNo string) (Request, error) {
	var q Request
	return q, r.Get(&q, `SELECT `+requestColumns+` FROM supply_request WHERE case_no = $1`, caseNo)
}

// Ask records a request as submitted, also when it is submitted anew after a return.
// store.ErrConflict: the operator has an open request for the item.
func Ask(w *store.Tx, q Request, by string) error {
	q.Submitted, q.State = store.At(w.Now()), "open"
	if _, err := w.Exec(`INSERT INTO supply_request (case_no, item, source_org, operator_org, division, title, held, submitted, answer, state) VALUES ($1,$2,$3,$4,$5,$6,'',$7,'',$8)
		ON CONFLICT (case_no) DO UPDATE SET item = excluded.item, source_org = excluded.source_org, title = excluded.title, held = '', submitted = excluded.submitted,
		forwarded = NULL, answer_due = NULL, answer_due_year = 0, answer = '', answered = NULL, ground = '', state = 'open', closed = NULL`,
		q.CaseNo, q.Item, q.SourceOrg, q.OperatorOrg, q.Division, q.Title, q.Submitted, q.State); err != nil {
		return err
	}
	record(w, "supply.request", by, q.OperatorOrg, q.CaseNo, "ask", q.State, "7.2", map[string]string{"item": q.Item, "source": q.SourceOrg, "operator": q.OperatorOrg})
	return nil
}

// Forward notes what the check found and by when the source answers.
func Forward(w *store.Tx, caseNo string, held bool, due calendar.Due, by string) error {
	word := "no"
	if held {
		word = "yes"
	}
	var at store.Time
	if !due.At.IsZero() {
		at = store.At(due.At)
	}
	if err := w.ExecOne(`UPDATE supply_request SET held = $1, forwarded = $2, answer_due = $3, answer_due_year = $4 WHERE case_no = $5 AND state = 'open'`,
		word, store.At(w.Now()), at, due.Unresolved, caseNo); err != nil {
		return err
	}
	record(w, "supply.request", by, "", caseNo, "forward", "open", "7.2", map[string]string{"held": word, "due": due.Label()})
	return nil
}

// Answer notes the source's answer. item is what the request is now about; empty leaves it.
func Answer(w *store.Tx, caseNo, answer, ground, item, by, org string) error {
	if err := w.ExecOne(`UPDATE supply_request SET answer = $1, answered = $2, ground = $3, item = CASE WHEN $4 = '' THEN item ELSE $4 END WHERE case_no = $5 AND state = 'open'`,
		answer, store.At(w.Now()), ground, item, caseNo); err != nil {
		return err
	}
	record(w, "supply.request", by, org, caseNo, "answer", answer, "7.2", map[string]string{"ground": ground, "item": item})
	return nil
}

// Name says which item is being supplied for a request that named none.
func Name(w *store.Tx, caseNo, item, by, org string) error {
	if err := w.ExecOne(`UPDATE supply_request SET item = $1 WHERE case_no = $2 AND state = 'open'`, item, caseNo); err != nil {
		return err
	}
	record(w, "supply.request", by, org, caseNo, "name", "open", "7.2", map[string]string{"item": item})
	return nil
}

// Close ends a request. One that was never submitted has nothing to end.
func Close(w *store.Tx, caseNo, state, by string) error {
	n, err := w.Exec(`UPDATE supply_request SET state = $1, closed = $2 WHERE case_no = $3 AND state = 'open'`, state, store.At(w.Now()), caseNo)
	if err != nil || n == 0 {
		return err
	}
	record(w, "supply.request", by, "", caseNo, "close", state, "7.2", nil)
	return nil
}

// Collection is an item of a source that stands on the city's data platform (归集).
type Collection struct {
	ID, Item, SourceOrg, Division, Mode string
	Collected                           string // day, YYYY-MM-DD
	Place                               string // library or address on the city's data platform
	State, CaseNo                       string
	At                                  store.Time
}

// Modes are the ways data come to the city's data platform.
var Modes = []procedure.Option{{Value: "exchange", Label: "库表交换"}, {Value: "file", Label: "文件报送"}, {Value: "api", Label: "接口推送"}, {Value: "province", Label: "省级回流"}}

// Collect records an item as collected; what was recorded of it before ends.
func Collect(w *store.Tx, c Collection, by string) error {
	if _, err := w.Exec(`UPDATE supply_collection SET state = 'ended' WHERE item = $1 AND state = 'collected'`, c.Item); err != nil {
		return err
	}
	n, err := w.Next("supply_collection")
	if err != nil {
		return err
	}
	c.ID, c.State, c.At = fmt.Sprintf("gj-%06d", n), "collected", store.At(w.Now())
	if _, err := w.Exec(`INSERT INTO supply_collection (id, item, source_org, division, mode, collected, place, state, case_no, at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)`,
		c.ID, c.Item, c.SourceOrg, c.Division, c.Mode, c.Collected, c.Place, c.State, c.CaseNo, c.At); err != nil {
		return err
	}
	record(w, "supply.collection", by, c.SourceOrg, c.ID, "collect", c.State, "7.2", map[string]string{"item": c.Item, "mode": c.Mode, "on": c.Collected, "place": c.Place, "case": c.CaseNo})
	return nil
}

// EndCollections ends what a case recorded.
func EndCollections(w *store.Tx, caseNo, by string) error {
	n, err := w.Exec(`UPDATE supply_collection SET state = 'ended' WHERE case_no = $1 AND state = 'collected'`, caseNo)
	if err != nil || n == 0 {
		return err
	}
	record(w, "supply.collection", by, "", caseNo, "end", "ended", "7.2", map[string]string{"rows": fmt.Sprint(n)})
	return nil
}

// collected is the condition that an item (an SQL expression) stands on the city's data platform:
// recorded so, or received and accepted here.
func collected(item string) string {
	return `(EXISTS (SELECT 1 FROM supply_collection sc WHERE sc.item = ` + item + ` AND sc.state = 'collected') OR EXISTS (SELECT 1 FROM dataset cd WHERE cd.item = ` + item + ` AND cd.current_version <> ''))`
}

// supplied is the condition that an item is supplied to the operation platform now.
func supplied(item string) string {
	return `EXISTS (SELECT 1 FROM hookup sh JOIN dataset sd ON sd.id = sh.dataset WHERE sh.item = ` + item + ` AND sh.state = 'connected' AND sd.current_version <> '')`
}

// Held tells whether an item stands on the city's data platform.
func Held(r *store.ReadTx, item string) (bool, error) {
	return r.Exists(`SELECT 1 FROM catalogue_item i WHERE i.id = $1 AND `+collected("i.id"), item)
}

// Delivered tells whether an operator has an accepted dataset of an item over a hookup that runs.
func Delivered(r *store.ReadTx, item, operator string) (bool, error) {
	return r.Exists(`SELECT 1 FROM hookup h JOIN dataset d ON d.id = h.dataset WHERE h.item = $1 AND h.operator_org = $2 AND h.state = 'connected' AND d.current_version <> ''`, item, operator)
}

func record(w *store.Tx, kind, by, org, object, action, to, clause string, detail map[string]string) {
	for k, v := range detail {
		if v == "" {
			delete(detail, k)
		}
	}
	w.Record(audit.Entry{Type: kind, Actor: by, Org: org, Object: object, Action: action, To: to, Clause: clause, Result: audit.Done, Detail: detail})
}
