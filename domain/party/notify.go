package party

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// Notify writes what people should hear about a case, inside the transaction of the act: a 待办
// to whoever owes the next move, the result with reason and next step to whoever started the
// case. It is meant for procedure.Options.Notify. A move that was made closes the 待办 that
// asked for it. Messages and outbox rows have keys of their own, so that the same news twice is
// told once. It does no other I/O.
func Notify(w *store.Tx, n procedure.News) error {
	t := teller{w: w, n: n, today: today(w)}
	if err := t.words(); err != nil {
		return err
	}
	switch n.Kind {
	case "step":
		return t.step()
	case "urge":
		return t.desk(tplUrged)
	case "supervise":
		return t.desk(tplSupervised)
	case "assign":
		return t.desk(tplAssigned)
	case "overdue":
		return t.overdue()
	case "copy":
		return t.copied()
	case "chain":
		return t.chain()
	}
	return fmt.Errorf("news of an unknown kind %s", n.Kind)
}

// teller writes the messages of one piece of news.
type teller struct {
	w     *store.Tx
	n     procedure.News
	today string
	word  map[string]string
	told  map[string]bool
	quiet func(time.Time) time.Time
}

func (t *teller) words() error {
	c, ev := t.n.Case, t.n.Event
	st, _ := t.n.Procedure.State(c.State)
	t.told = map[string]bool{}
	t.word = map[string]string{"no": c.No, "procedure": t.n.Procedure.Title, "title": c.Title, "state": st.Label,
		"role": procedure.RoleLabel(c.Owes), "due": dueText(c), "by": actorText(ev), "did": ev.Label, "say": "", "next": ""}
	if ev.Opinion != "" {
		t.word["say"] = fmt.Sprintf(txtSay, strings.TrimRight(ev.Opinion, "。；;. "))
	}
	switch {
	case c.Final:
		t.word["next"] = txtDone
	case c.Owes != "" && c.Owes != procedure.Clock:
		t.word["next"] = fmt.Sprintf(txtNext, procedure.RoleLabel(c.Owes), dueText(c))
	}
	var err error
	t.quiet, err = quietHours(&t.w.ReadTx)
	return err
}

func actorText(ev procedure.Event) string {
	switch {
	case ev.Role == procedure.Clock:
		return txtClock
	case ev.OrgName != "":
		return ev.OrgName + ev.PersonName
	}
	return ev.PersonName
}

func dueText(c *procedure.Case) string {
	switch {
	case c.DueYear != 0:
		return fmt.Sprintf(txtDueUnknown, c.DueYear)
	case c.DueAt.IsZero():
		return ""
	}
	d := c.DueAt.Add(-time.Millisecond).In(calendar.Shanghai)
	return fmt.Sprintf(txtDue, fmt.Sprintf("%d年%d月%d日", d.Year(), int(d.Month()), d.Day()))
}

// step tells of a move: closes what it answered, asks the next desk, tells the starter.
func (t *teller) step() error {
	c := t.n.Case
	if err := t.close(); err != nil {
		return err
	}
	t.told[t.n.Event.Person] = true
	if !c.Final && c.Owes != "" && c.Owes != procedure.Clock {
		tpl := tplMove
		if st, ok := t.n.Procedure.Step(t.n.Event.Action, t.n.Event.FromState); ok && st.Return {
			tpl = tplReturned
		}
		if err := t.desk(tpl); err != nil {
			return err
		}
	}
	if c.Final {
		return t.tell(tplResult, c.Person)
	}
	return t.tell(tplProgress, c.Person)
}

// close marks as read every 待办 about the case: the move has been made.
func (t *teller) close() error {
	_, err := t.w.Exec(`UPDATE message SET read_at = $1 WHERE case_no = $2 AND kind = 'todo' AND read_at IS NULL`, store.At(t.w.Now()), t.n.Case.No)
	return err
}

// desk tells the persons who may make the next move: the one it is assigned to, else all who
// hold the desk, and their delegates.
func (t *teller) desk(tpl template) error {
	c := t.n.Case
	who, err := onDesk(&t.w.ReadTx, c.OwesOrg, c.Owes, c.Handler, t.today)
	if err != nil {
		return err
	}
	return t.tell(tpl, who...)
}

func (t *teller) overdue() error {
	if err := t.desk(tplOverdue); err != nil {
		return err
	}
	who, err := onDesk(&t.w.ReadTx, t.n.Case.OwesOrg, Lead, "", t.today)
	if err != nil {
		return err
	}
	return t.tell(tplOverdueLead, who...)
}

// copied tells the leads of organisations the case was copied to; those told before are not
// told again.
func (t *teller) copied() error {
	var orgs []struct{ Org, Name string }
	if err := t.w.Select(&orgs, `SELECT p.org, o.name FROM case_party p JOIN org o ON o.id = p.org WHERE p.case_no = $1 AND p.role = 'copy'`,
		t.n.Case.No); err != nil {
		return err
	}
	for _, o := range orgs {
		who, err := onDesk(&t.w.ReadTx, o.Org, Lead, "", t.today)
		if err != nil {
			return err
		}
		t.word["org"] = o.Name
		if err := t.write(tplCopied, "copy/"+t.n.Case.No+"/"+o.Org, who); err != nil {
			return err
		}
	}
	return nil
}

// chain tells the next station of an organisation's inner chain.
func (t *teller) chain() error {
	if err := t.close(); err != nil {
		return err
	}
	var row struct{ Org, Stages, Desk string }
	err := t.w.Get(&row, `SELECT org, stages, desk FROM case_chain WHERE case_no = $1`, t.n.Case.No)
	if errors.Is(err, store.ErrNotFound) {
		return t.desk(tplRedraft)
	}
	if err != nil {
		return err
	}
	var stages []procedure.Stage
	if err := json.Unmarshal([]byte(row.Stages), &stages); err != nil {
		return fmt.Errorf("read the inner chain of %s: %w", t.n.Case.No, err)
	}
	for _, s := range stages {
		if s.By != "" {
			continue
		}
		role := procedure.Role(strings.SplitN(strings.TrimPrefix(row.Desk, row.Org+"/"), "@", 2)[0])
		who, err := onDesk(&t.w.ReadTx, row.Org, role, s.Person, t.today)
		if err != nil {
			return err
		}
		if s.Person == "" && s.Stage != "countersign" { // a 会签 without a name is for anybody at the desk
			if who, err = ranked(&t.w.ReadTx, row.Org, role, s.Stage, t.today); err != nil {
				return err
			}
		} else if len(who) == 0 && s.Person != "" {
			who = []string{s.Person}
		}
		return t.tell(map[string]template{"countersign": tplCountersign, "sign": tplSign}[s.Stage].or(tplReview), who...)
	}
	return nil
}

func (t template) or(other template) template {
	if t.id == "" {
		return other
	}
	return t
}

// tell writes one message to each person that has not been told of this act.
func (t *teller) tell(tpl template, who ...string) error {
	key := fmt.Sprintf("%s/%s/%d", tpl.id, t.n.Case.No, t.n.Event.N)
	if t.n.Event.N == 0 {
		key = fmt.Sprintf("%s/%s/%d", tpl.id, t.n.Case.No, t.n.Case.Since.UnixMilli())
	}
	return t.write(tpl, key, who)
}

func (t *teller) write(tpl template, key string, who []string) error {
	for _, p := range who {
		if p == "" || p == procedure.Machine.Person || t.told[p] { // the clock reads no messages
			continue
		}
		t.told[p] = true
		m := letter{tpl: tpl, key: key + "/" + p, person: p, caseNo: t.n.Case.No, about: t.n.Procedure.Title, word: t.word}
		if err := m.write(t.w, t.quiet); err != nil {
			return err
		}
	}
	return nil
}

// letter is one message to one person, with the copies that leave by mail and SMS.
type letter struct {
	tpl                        template
	key, person, caseNo, about string
	word                       map[string]string
}

// write puts the message into the inbox and its copies into the outbox, once for each key. An
// SMS names the procedure and the number only: what a case says does not leave by telephone.
func (l letter) write(w *store.Tx, quiet func(time.Time) time.Time) error {
	id := messageID(l.key)
	now := store.At(w.Now())
	title, body := fill(l.tpl.title, l.word), fill(l.tpl.body, l.word)
	n, err := w.Exec(`INSERT INTO message (id, person, kind, template, title, body, case_no, at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)
		ON CONFLICT (id) DO NOTHING`, id, l.person, l.tpl.kind, l.tpl.id, title, body, l.caseNo, now)
	if err != nil || n == 0 {
		return err
	}
	if !l.tpl.sms && !l.tpl.mail {
		return nil
	}
	var has struct{ Phone, Mail bool }
	if err := w.Get(&has, `SELECT phone_sealed IS NOT NULL AS phone, mail_sealed IS NOT NULL AS mail FROM person WHERE id = $1`, l.person); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	}
	post := func(channel, body string, at store.Time) error {
		_, err := w.Exec(`INSERT INTO outbox (effect_key, channel, recipient, title, body, at, not_before) VALUES ($1,$2,$3,$4,$5,$6,$7)
			ON CONFLICT (effect_key) DO NOTHING`, channel+"/"+id, channel, l.person, title, body, now, at)
		return err
	}
	if l.tpl.sms && has.Phone {
		sms := fmt.Sprintf(txtSMS, title, l.caseNo)
		if l.caseNo == "" {
			sms = fmt.Sprintf(txtSMSBare, title)
		}
		if err := post("sms", sms, store.At(quiet(now.Time))); err != nil {
			return err
		}
	}
	if l.tpl.mail && has.Mail {
		return post("mail", body, now)
	}
	return nil
}

func messageID(key string) string {
	d := sha256.Sum256([]byte(key))
	return "m_" + hex.EncodeToString(d[:16])
}

func fill(s string, word map[string]string) string {
	pairs := make([]string, 0, 2*len(word))
	for k, v := range word {
		pairs = append(pairs, "{"+k+"}", v)
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// onDesk lists who may act from a desk: the holder named, else all holders, with their delegates.
func onDesk(r *store.ReadTx, org string, role procedure.Role, person, today string) (out []string, err error) {
	switch {
	case org == "":
		return []string{person}, nil
	case role == Lead:
		return out, r.Select(&out, `SELECT DISTINCT person FROM membership WHERE org = $1 AND lead = $2 AND until = '' AND since <= $3
			AND ($4 = '' OR person = $4) ORDER BY person`, org, true, today, person)
	case role == SystemAdm || role == SecurityAd || role == AuditAdm:
		for o, x := range Offices {
			if x == role {
				return out, r.Select(&out, `SELECT person FROM administrator WHERE office = $1 AND org = $2`, string(o), org)
			}
		}
	}
	return out, r.Select(&out, `SELECT person FROM membership WHERE org = $1 AND role = $2 AND until = '' AND since <= $3 AND ($4 = '' OR person = $4)
		UNION SELECT d.to_person FROM delegation d JOIN membership m ON m.person = d.from_person AND m.org = d.org AND m.role = d.role
		AND m.until = '' WHERE d.org = $1 AND d.role = $2 AND d.revoked = $5 AND d.valid_from <= $3 AND d.valid_to >= $3
		AND ($4 = '' OR d.from_person = $4) ORDER BY 1`, org, string(role), today, person, false)
}

// ranked lists who may act for a rank of the inner chain, with their delegates.
func ranked(r *store.ReadTx, org string, role procedure.Role, rank, today string) ([]string, error) {
	var rows []struct{ Person, Ranks string }
	if err := r.Select(&rows, `SELECT person, ranks FROM membership WHERE org = $1 AND role = $2 AND until = '' AND since <= $3 ORDER BY person`,
		org, string(role), today); err != nil {
		return nil, err
	}
	var out []string
	for _, row := range rows {
		for _, x := range ranks(row.Ranks) {
			if string(x) != rank {
				continue
			}
			who, err := onDesk(r, org, role, row.Person, today)
			if err != nil {
				return nil, err
			}
			out = append(out, who...)
		}
	}
	return out, nil
}

func today(w *store.Tx) string { return calendar.DateOf(w.Now()).String() }
