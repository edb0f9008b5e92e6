package party_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/identity"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/party"
	"pado/plan"
)

var (
	ctx = context.Background()
	kek = bytes.Repeat([]byte{7}, 32)
)

const noPassword = "$argon2id$v=19$m=65536,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA" // opens with nothing

type wish struct {
	Title string `json:"title"`
}

// sample is a procedure of three parties: a developer asks, the operator grants, the Authority reads.
func sample() *procedure.Procedure {
	c := plan.C("6.3.2")
	return &procedure.Procedure{ID: "wish", Prefix: "YW", Title: "数据需求", Plan: c, Start: "draft",
		Form: procedure.FormOf[wish](procedure.Field{Name: "title", Label: "名称", Kind: procedure.Text, Required: true, Plan: c}),
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[wish](c)
			return f.Title, err
		},
		States: procedure.Phases{
			{ID: "draft", Label: "草稿", Owes: party.Developer, Track: true},
			{ID: "review", Label: "待审核", Owes: party.Operator, Within: "demand.review", Track: true},
			{ID: "granted", Label: "已同意", Final: true, Track: true},
			{ID: "refused", Label: "不予同意", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Operator, Find: party.TenantOrg(party.Operator)}},
		Readers: []procedure.Role{party.Authority},
		Steps: []procedure.Step{
			{Do: "submit", Label: "提交", By: party.Developer, From: procedure.S("draft"), To: "review", Plan: c, Edits: true},
			{Do: "grant", Label: "同意", By: party.Operator, From: procedure.S("review"), To: "granted", Plan: c, Apart: procedure.Acts("submit")},
			{Do: "refuse", Label: "不同意", By: party.Operator, From: procedure.S("review"), To: "refused", Plan: c, Opinion: true},
			procedure.ReturnTo("draft", party.Operator, c, "review"),
			procedure.Withdraw("withdrawn", party.Developer, c, "draft", "review"),
		}}
}

type world struct {
	*procedure.Engine
	t     *testing.T
	db    *store.DB
	ids   *identity.Service
	clock *storetest.Clock
	inbox *party.Inbox
}

// open gives a demonstration city with its engine over the sample.
func open(t *testing.T, e store.Engine) *world {
	t.Helper()
	clock := &storetest.Clock{At: storetest.Start}
	o := storetest.Options(t, e)
	o.Wall = clock.Now
	db, err := store.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	storetest.Found(t, db)
	params, err := plan.City("140600")
	if err != nil {
		t.Fatal(err)
	}
	eng, err := procedure.New(db, procedure.Options{City: "140600", Parameters: params, Calendar: calendar.Shipped(), Scope: party.Scope, Notify: party.Notify, Supervises: party.Supervisors}, sample())
	if err != nil {
		t.Fatal(err)
	}
	return &world{Engine: eng, t: t, db: db, ids: identity.New(db, kek, eng.Parameters), clock: clock, inbox: party.NewInbox(db)}
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) { f(t, open(t, e)) })
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// change runs a write with an entry of the tests.
func (w *world) change(f func(*store.Tx) error) {
	w.t.Helper()
	_, err := w.db.Update(ctx, func(x *store.Tx) (audit.Entry, error) {
		return audit.Entry{Type: "test.write", Actor: "test", Action: "write"}, f(x)
	})
	w.must(err)
}

func (w *world) read(f func(*store.ReadTx) error) {
	w.t.Helper()
	w.must(w.db.View(ctx, f))
}

// person opens an account whose person has the given id.
func (w *world) person(id string) {
	w.t.Helper()
	w.change(func(x *store.Tx) error {
		_, err := x.Exec(`INSERT INTO person (id, name, program, status, created) VALUES ($1,$2,$3,'active',0)`, id, "人员"+id, false)
		return err
	})
}

// org seeds an organisation with one role and people "name" or "name*" for a lead.
func (w *world) org(id, name, division string, role procedure.Role, people ...string) {
	w.t.Helper()
	s := party.Seeding{Org: party.Org{ID: id, Name: name, Division: division, Kind: party.Company, LegalPerson: true}, Roles: []procedure.Role{role}}
	for _, p := range people {
		who, lead := strings.CutSuffix(p, "*")
		w.person(who)
		s.Members = append(s.Members, party.Membership{Person: who, Role: role, Lead: lead, Ranks: []procedure.Rank{procedure.Drafter}})
	}
	w.change(func(x *store.Tx) error { return party.Seed(x, s) })
}

func (w *world) actor(person string) (a procedure.Actor) {
	w.t.Helper()
	w.read(func(r *store.ReadTx) (err error) { a, err = party.Actor(r, person); return err })
	return a
}

func (w *world) start(person, title string) string {
	w.t.Helper()
	res, err := w.Start(ctx, w.actor(person), procedure.Begin{Procedure: "wish", Form: json.RawMessage(fmt.Sprintf(`{"title":%q}`, title))})
	w.must(err)
	return res.No
}

func (w *world) do(person, no, action string, act procedure.Act) {
	w.t.Helper()
	w.clock.At = w.clock.At.Add(time.Second)
	w.read(func(r *store.ReadTx) error {
		return r.Get(&act.Revision, `SELECT revision FROM case_file WHERE no = $1`, no)
	})
	_, err := w.Do(ctx, w.actor(person), no, action, act)
	w.must(err)
}

// news is what a person has not read, newest first.
func (w *world) news(person string) (out []party.Message) {
	w.t.Helper()
	out, _, err := w.inbox.List(ctx, person, "", true, "")
	w.must(err)
	return out
}
