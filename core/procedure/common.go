package procedure

import (
	"encoding/json"
	"errors"
	"fmt"

	"pado/core/audit"
	"pado/core/store"
)

// common is an act that exists once for all procedures. It never changes the state, except 作废.
type common struct {
	do, label string
	opinion   bool
	irrev     string
	fields    []Field
	// offered says whether the act makes sense for this actor and case; the desk it is done from.
	offered func(*txn) (Desk, bool, error)
	run     func(*txn, Act) error
	news    string
}

// StateVoid is the state of a case that was voided (作废); every procedure has it.
const StateVoid = "void"

var voided = State{ID: StateVoid, Label: "已作废", Final: true}

var commonActs = map[string]*common{}
var commonOrder []string

func declare(c *common) {
	commonActs[c.do] = c
	commonOrder = append(commonOrder, c.do)
}

func init() {
	declare(&common{do: "claim", label: "签收", offered: owing(true), run: func(t *txn, _ Act) error {
		t.Case.Handler = t.Actor.Person
		return nil
	}})
	declare(&common{do: "assign", label: "转办", opinion: true, offered: owing(false), news: "assign",
		fields: []Field{{Name: "person", Label: "转给", Kind: Ref, Source: "colleagues", Required: true}},
		run: func(t *txn, _ Act) error {
			in, err := Input[struct{ Person string }](t.Ctx)
			if err != nil {
				return err
			}
			ok, err := t.Exists(`SELECT 1 FROM membership WHERE person = $1 AND org = $2 AND role = $3 AND until = ''`,
				in.Person, t.Case.OwesOrg, string(t.Case.Owes))
			if err != nil {
				return err
			}
			if !ok {
				return &Invalid{[]FieldError{{"input.person", "此人不在本单位承办岗位上", t.p.Plan.ID}}}
			}
			t.Case.Handler = in.Person
			return nil
		}})
	declare(&common{do: "urge", label: "催办", news: "urge", offered: func(t *txn) (Desk, bool, error) {
		if t.Case.Final || t.Case.Owes == "" || t.Case.Owes == Clock {
			return Desk{}, false, nil
		}
		d, err := pick(t.Actor, t.Case.Role, t.Case.Org, "")
		mine := err == nil || t.Case.Person == t.Actor.Person
		elsewhere := t.Case.OwesOrg != d.Org || t.Case.Owes != d.Role
		colleague := t.Case.Handler != "" && t.Case.Handler != t.Actor.Person && t.Case.Handler != d.Behalf
		return d, mine && (elsewhere || colleague), nil
	}, run: func(t *txn, _ Act) error { t.Case.Urged++; return nil }})
	declare(&common{do: "supervise", label: "督办", news: "supervise", offered: func(t *txn) (Desk, bool, error) {
		if t.Case.Final || t.Case.OwesOrg == "" || draft(t.Case, t.p) {
			return Desk{}, false, nil
		}
		for _, d := range t.Actor.Desks {
			if t.e.supervises(d) && t.e.opt.Scope(d.Division, t.Case.Tenant) {
				return d, true, nil
			}
		}
		return Desk{}, false, nil
	}, run: func(t *txn, _ Act) error { t.Case.Supervised = true; return nil }})
	declare(&common{do: "copy", label: "抄送", news: "copy", offered: taking,
		fields: []Field{{Name: "orgs", Label: "抄送单位", Kind: Refs, Source: "orgs", Required: true}},
		run: func(t *txn, _ Act) error {
			in, err := Input[struct{ Orgs []string }](t.Ctx)
			if err != nil {
				return err
			}
			for _, o := range in.Orgs {
				if ok, err := t.Exists(`SELECT 1 FROM org WHERE id = $1`, o); err != nil {
					return err
				} else if !ok {
					return &Invalid{[]FieldError{{"input.orgs", "所选单位不存在", t.p.Plan.ID}}}
				}
				if err := t.join("copy", o); err != nil {
					return err
				}
			}
			return nil
		}})
	declare(&common{do: "comment", label: "意见", opinion: true, offered: taking, run: func(*txn, Act) error { return nil }})
	declare(&common{do: "attach", label: "补充附件", offered: taking, run: func(t *txn, _ Act) error {
		if len(t.Files) == 0 {
			return &Invalid{[]FieldError{{"attachments", "请选择要补充的附件", t.p.Plan.ID}}}
		}
		return nil
	}})
	declare(&common{do: "void", label: "作废", opinion: true, news: "step", irrev: "事项作废后不能恢复，编号不再使用，记录保留备查",
		offered: func(t *txn) (Desk, bool, error) {
			if t.Case.State != t.p.Start || t.Case.Person != t.Actor.Person {
				return t.annuls()
			}
			d, err := pick(t.Actor, t.Case.Role, t.Case.Org, "")
			return d, err == nil || t.Case.Org == "", nil
		}, run: func(t *txn, _ Act) error {
			if err := undoAll(t.Ctx); errors.Is(err, ErrFails) {
				return &Refused{Code: "case.effective", Message: "办理已经产生效力，不能作废", Clause: t.p.Plan}
			} else if err != nil {
				return err
			}
			t.Case.State = StateVoid
			return t.left()
		}})
}

// owing: the actor's desk owes the move; claim is offered only while nobody has it.
func owing(unclaimed bool) func(*txn) (Desk, bool, error) {
	return func(t *txn) (Desk, bool, error) {
		if t.Case.Final || t.Case.Owes == "" || t.Case.OwesOrg == "" || (unclaimed && t.Case.Handler != "") {
			return Desk{}, false, nil
		}
		d, err := pick(t.Actor, t.Case.Owes, t.Case.OwesOrg, "")
		return d, err == nil, nil
	}
}

// taking: the actor takes part in the case from one of its desks.
func taking(t *txn) (Desk, bool, error) {
	if t.Case.Final {
		return Desk{}, false, nil
	}
	for _, d := range t.Actor.Desks {
		ok, err := t.Exists(`SELECT 1 FROM case_party WHERE case_no = $1 AND org = $2 AND role = $3`, t.Case.No, d.Org, string(d.Role))
		if err != nil || ok {
			return d, ok, err
		}
	}
	return Desk{}, t.Case.Org == "" && t.Case.Person == t.Actor.Person, nil
}

// common performs a common act: revision, event, entry and news like every step.
func (t *txn) common(c *common, act Act) (audit.Entry, error) {
	desk, ok, err := c.offered(t)
	if err != nil {
		return audit.Entry{}, err
	}
	if !ok {
		return audit.Entry{}, &Refused{Code: "case.step", Message: "现在不能“" + c.label + "”", Clause: t.p.Plan}
	}
	t.Desk = desk
	step := &Step{Do: c.do, Label: c.label, Plan: t.p.Plan, Opinion: c.opinion, Input: c.fields, To: t.Case.State}
	t.Step, t.Opinion = step, act.Opinion
	if err := t.given(step, Act{Input: act.Input}); err != nil {
		return audit.Entry{}, err
	}
	from := t.Case.State
	if err := c.run(t, act); err != nil {
		return audit.Entry{}, err
	}
	if err := t.touch(from); err != nil {
		return audit.Entry{}, err
	}
	t.event = Event{CaseNo: t.Case.No, At: store.At(t.Now()), Action: c.do, Label: c.label, FromState: from, ToState: t.Case.State,
		Opinion: t.Opinion, Clause: t.p.Plan.ID, Revision: t.Case.Revision}
	if err := t.finish(); err != nil {
		return audit.Entry{}, err
	}
	if c.news != "" {
		if err := t.news(c.news); err != nil {
			return audit.Entry{}, err
		}
	}
	return t.entry("case." + c.do), nil
}

// touch writes what a common act or the inner chain may change, by compare-and-set.
func (t *txn) touch(from string) error {
	c := t.Case
	was := c.Revision
	c.Revision++
	c.Updated = store.At(t.Now())
	if c.State == StateVoid {
		c.Final, c.Owes, c.OwesOrg, c.Handler, c.Since = true, "", "", "", c.Updated
	}
	n, err := t.W.Exec(`UPDATE case_file SET state=$1, revision=$2, updated=$3, handler=$4, urged=$5, supervised=$6, final=$7,
		owes=$8, owes_org=$9, since=$10, turn=$11 WHERE no=$12 AND revision=$13 AND state=$14`,
		c.State, c.Revision, c.Updated, c.Handler, c.Urged, c.Supervised, c.Final, string(c.Owes), c.OwesOrg, c.Since, c.turn(), c.No, was, from)
	if err != nil {
		return err
	}
	if n != 1 {
		return t.e.stale(t.ReadTx, t.p, c)
	}
	return nil
}

// Attachment is a file that belongs to a case, named by its digest.
type Attachment struct {
	ID, CaseNo, Name, SHA256, Media, Person, Org string
	Size                                         int64
	EventN                                       int
	At                                           store.Time
}

const attachmentColumns = `id, case_no, event_n, name, size, sha256, media, person, org, at`

// uploads finds files the actor uploaded and has not used in another case.
func (t *txn) uploads(ids []string) ([]Attachment, error) {
	if len(ids) > 50 {
		return nil, &Invalid{[]FieldError{{"attachments", "一次最多附 50 个文件", ""}}}
	}
	var out []Attachment
	for i, id := range unique(ids) {
		var a Attachment
		if err := t.Get(&a, `SELECT `+attachmentColumns+` FROM attachment WHERE id = $1 AND person = $2 AND case_no = ''`, id, t.Actor.Person); err != nil {
			return nil, &Invalid{[]FieldError{{fmt.Sprintf("attachments.%d", i), "附件不存在或已用于其他事项，请重新上传", ""}}}
		}
		out = append(out, a)
	}
	return out, nil
}

// SaveDraft keeps what a person has typed into the form of a case, outside the records: no
// revision, no entry. It is gone with the next act of that person on the case.
func (e *Engine) SaveDraft(s *store.ScratchTx, a Actor, no string, form json.RawMessage) error {
	if _, _, err := e.visible(&s.ReadTx, a, no); err != nil {
		return err
	}
	if len(form) > 1<<20 || !json.Valid(form) {
		return &Invalid{[]FieldError{{"", "草稿过大或不是有效内容", ""}}}
	}
	_, err := s.Exec(drafts, `INSERT INTO case_draft (case_no, person, form, at) VALUES ($1,$2,$3,$4)
		ON CONFLICT (case_no, person) DO UPDATE SET form = excluded.form, at = excluded.at`, no, a.Person, string(form), store.At(s.Now()))
	return err
}

var (
	drafts = store.Scratchpad("case_draft")
	_      = store.Scratchpad("idempotency")
)
