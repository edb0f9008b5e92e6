package procedures_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pado/core/audit"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/governance"
	"pado/domain/governance/connector"
	"pado/domain/governance/vault"
	"pado/procedures"
)

// reaching gives the basis a runner that reaches an exchange folder and what the policy lists.
func (b *basis) reaching(policy string) (folders string) {
	b.t.Helper()
	folders = b.t.TempDir()
	p, err := connector.ParsePolicy(policy)
	b.must(err)
	kek := bytes.Repeat([]byte{5}, 32)
	ring, err := vault.NewKeyring(kek)
	b.must(err)
	v, err := vault.At(filepath.Join(b.t.TempDir(), "raw"), ring, vault.AES256GCM)
	b.must(err)
	b.runner = governance.NewRunner(governance.Config{DB: b.db, Vault: v, Ring: ring, KEK: kek, Pool: filepath.Join(b.t.TempDir(), "pool"), Files: b.uploads,
		Fetch: connector.New(connector.Config{Policy: p, Folders: folders, Wall: b.db.Wall}), Delivery: procedures.Deliveries{Engine: b.Engine}})
	procedures.SealCredentials = b.runner.Seal
	return folders
}

func formOf(values map[string]any) procedure.Act {
	raw, _ := json.Marshal(values)
	return procedure.Act{Form: raw}
}

func inputOf(values any) procedure.Act {
	raw, _ := json.Marshal(values)
	return procedure.Act{Input: raw}
}

func merged(a map[string]any, b map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range []map[string]any{a, b} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// asked brings a hookup of a kind to where the operator connects it.
func (b *basis) asked(form map[string]any) string {
	b.t.Helper()
	b.mandate()
	b.scheme()
	item := b.published(catalogueForm(nil))
	b.backfilled(map[string]any{"item": item})
	form["item"] = item
	no := b.begin(b.op, "p06_2b_hookup", form)
	b.step(b.op, no, "submit", procedure.Act{})
	b.step(b.at.Lead, no, "coordinate", say("请配合"))
	return no
}

func (b *basis) stateOf(no string) (state string) {
	b.t.Helper()
	b.must(b.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&state, `SELECT state FROM case_file WHERE no = $1`, no) }))
	return state
}

// An exchange folder: tested, connected, fetched by its cycle, governed, accepted; and the pipeline
// is revised afterwards.
func TestAFolderSuppliesItselfAndItsPipelineIsRevised(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		root := b.reaching("")
		dir := filepath.Join(root, b.srcOrg, "tongji")
		form := merged(hookupForm(""), map[string]any{"kind": "folder", "cycle": "day", "path": b.srcOrg + "/tongji", "pattern": "*.csv", "ready": "marker"})
		no := b.asked(form)
		if _, err := b.View(ctx, b.actor(b.src1), no); err != nil {
			t.Errorf("the source cannot read along: %v", err)
		}
		full := merged(form, map[string]any{"pipeline": people, "rowsBound": 1})
		b.no(b.op, no, "connect", formOf(full), "hookup.automatic")
		b.no(b.op, no, "connect_auto", formOf(full), "hookup.probed")
		var inv *procedure.Invalid
		if err := b.do(b.op, no, "probe", formOf(merged(full, map[string]any{"path": "../x"}))); !errors.As(err, &inv) || inv.Errors[0].Path != "path" {
			t.Fatal(err)
		}
		b.step(b.op, no, "probe", formOf(full))
		b.govern()
		b.no(b.op, no, "connect_auto", procedure.Act{}, "hookup.probed") // the folder is not there
		b.must(os.MkdirAll(dir, 0o700))
		b.step(b.op, no, "probe", procedure.Act{})
		b.govern()
		b.no(b.op, no, "connect_auto", formOf(merged(full, map[string]any{"pattern": "other*.csv"})), "hookup.probed") // not what was tested
		b.no(b.src1, no, "credential", inputOf(map[string]string{"user": "u", "password": "p"}), "hookup.no_account")
		b.step(b.op, no, "connect_auto", procedure.Act{})
		b.no(b.src1, no, "deliver", deliver(b.upload(b.src1, "编号,年龄,性别\n9,9,男\n")), "hookup.way")

		put := func(name, content string) {
			b.must(os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
			b.must(os.WriteFile(filepath.Join(dir, name+".ok"), nil, 0o600))
		}
		fetch := func(want int) {
			t.Helper()
			n, err := b.runner.Schedule(ctx)
			b.must(err)
			if n != want {
				t.Fatalf("%d fetches", n)
			}
			b.govern()
		}
		put("a.csv", "编号,年龄,性别\n1,30,男\n2,40,女\n")
		fetch(1)
		if b.stateOf(no) != "ingesting" {
			t.Fatal(b.stateOf(no))
		}
		b.no(b.op, no, "reject", say("不好"), "hookup.automatic")
		b.step(b.op, no, "accept", procedure.Act{})
		// The next day's file is bad: the operator does not take it and waits for the next.
		put("b.csv", "编号,年龄,性别\n1,300,男\n2,400,女\n")
		b.clock.At = b.clock.At.AddDate(0, 0, 1)
		fetch(1)
		b.no(b.op, no, "accept", procedure.Act{}, "hookup.quality")
		b.clock.At = b.clock.At.AddDate(0, 0, 1)
		fetch(0) // while it waits, nothing more is fetched
		b.step(b.op, no, "reject_auto", say("年龄超出范围"))
		put("c.csv", "编号,年龄,性别\n1,30,男\n2,40,女\n3,50,女\n")
		b.step(b.op, no, "fetch", procedure.Act{})
		b.govern()
		b.step(b.op, no, "accept", procedure.Act{})
		if left, err := filepath.Glob(filepath.Join(dir, "*.csv*")); err != nil || len(left) != 0 {
			t.Error("left in the folder", left, err)
		}

		revised := strings.Replace(people, `max: "120"`, `max: "40"`, 1)
		in := func(p string) procedure.Act {
			return inputOf(map[string]any{"pipeline": p, "rowsBound": 1, "reason": "只保留40岁以下"})
		}
		b.no(b.op, no, "revise", in(people), "hookup.same_pipeline")
		b.no(b.op, no, "revise", in(strings.Replace(people, "natural_person\n  columns", "household\n  columns", 1)), "hookup.unit")
		b.no(b.op, no, "revise", in(strings.Replace(people, "type: integer, label: dim", "type: integer, label: public", 1)), "hookup.fields")
		if err := b.do(b.op, no, "revise", in("format: nothing")); !errors.As(err, &inv) || inv.Errors[0].Path != "input.pipeline" {
			t.Fatal(err)
		}
		b.step(b.op, no, "revise", in(revised))
		b.step(b.at.Lead, no, "refuse_revision", say("请说明依据"))
		b.step(b.op, no, "revise", in(revised))
		view, err := b.View(ctx, b.actor(b.at.Lead), no)
		b.must(err)
		for _, s := range view.Sections {
			if s.Title == "流水线修订对照" && (len(s.Rows) != 2 || !strings.Contains(s.Rows[1]["text"].(string), `max: "40"`)) {
				t.Errorf("%+v", s.Rows)
			}
			if s.Title == "流水线版本" && len(s.Rows) != 3 {
				t.Errorf("%+v", s.Rows)
			}
		}
		b.step(b.at.Lead, no, "approve_revision", say("同意"))
		b.no(b.op, no, "accept", procedure.Act{}, "hookup.not_made")
		b.govern()
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			h, err := governance.HookupOfCase(r, no)
			b.must(err)
			raw, err := governance.LastDelivery(r, h.ID)
			b.must(err)
			v, err := governance.VersionOfRaw(r, raw.ID)
			if v.Rows != 2 || v.Quarantined != 1 || v.State != "made" || h.Pipeline != strings.TrimSpace(revised) {
				t.Errorf("%s %+v", h.Pipeline, v)
			}
			return err
		}))
		b.step(b.op, no, "reject_auto", say("隔离过多"))
	})
}

// A database: the account is entered by the source and never seen again; what fails is said.
func TestACredentialIsEnteredByTheSourceAndShownToNobody(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		closed, err := net.Listen("tcp", "127.0.0.1:0")
		b.must(err)
		address := closed.Addr().String()
		b.must(closed.Close())
		b.reaching("127.0.0.1")
		form := merged(hookupForm(""), map[string]any{"kind": "postgresql", "address": address, "database": "d", "table": "t", "columns": "编号，年龄、性别", "mode": "full"})
		no := b.asked(form)
		full := merged(form, map[string]any{"pipeline": people, "rowsBound": 1})
		word := "Niemand-Sieht-Das"
		if err := b.do(b.op, no, "credential", inputOf(map[string]string{"user": "reader", "password": word})); err == nil {
			t.Error("the operator entered the source's account")
		}
		b.no(b.src1, no, "credential", inputOf(map[string]string{"user": "reader"}), "hookup.secret")
		b.step(b.src1, no, "credential", inputOf(map[string]string{"user": "reader", "password": word}))
		b.step(b.op, no, "probe", formOf(full))
		b.govern()
		err = b.do(b.op, no, "connect_auto", procedure.Act{})
		var ref *procedure.Refused
		if !errors.As(err, &ref) || ref.Code != "hookup.probed" || !strings.Contains(ref.Message, "连不上该地址") {
			t.Fatal(err)
		}
		// Nowhere in the records: not in the case, its history, the jobs, the log.
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			for _, q := range []string{`SELECT form FROM case_file`, `SELECT input FROM case_event`, `SELECT changed FROM case_event`, `SELECT input || result || message FROM job`, `SELECT body FROM audit_leaf`, `SELECT say || detail FROM connector_probe`} {
				var texts []string
				b.must(r.Select(&texts, q))
				for _, s := range texts {
					if strings.Contains(s, word) {
						t.Errorf("%s holds the password", q)
					}
				}
			}
			return nil
		}))
		view, err := b.View(ctx, b.actor(b.op), no)
		b.must(err)
		raw, err := json.Marshal([]any{view.Sections, view.Events, view.Case})
		b.must(err)
		if bytes.Contains(raw, []byte(word)) || !bytes.Contains(raw, []byte("已封存")) {
			t.Error("the view shows the password or not that there is one")
		}
	})
}

func TestWhatCouldNotBeTriedIsNotThere(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		b.mandate()
		b.scheme()
		item := b.published(catalogueForm(nil))
		b.backfilled(map[string]any{"item": item})
		for _, kind := range []string{"oracle", "dameng", "kingbase", "sqlserver"} {
			form := merged(hookupForm(item), map[string]any{"kind": kind})
			b.no(b.op, b.begin(b.op, "p06_2b_hookup", form), "submit", procedure.Act{}, "hookup.kind")
		}
	})
}

// A program pushes; the same batch counts once.
func TestAPushIsTakenOnce(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		b.reaching("")
		form := merged(hookupForm(""), map[string]any{"kind": "push"})
		no := b.asked(form)
		b.step(b.op, no, "connect_auto", formOf(merged(form, map[string]any{"pipeline": people, "rowsBound": 1})))
		var id string
		b.must(b.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&id, `SELECT id FROM hookup WHERE case_no = $1`, no) }))
		body := []byte("编号,年龄,性别\n1,30,男\n2,40,女\n")
		program := b.actor(b.src1)
		program.Program = true
		push := func(key string, body []byte) (governance.Pushed, error) {
			p, err := b.runner.Push(ctx, program.Person, []string{b.srcOrg}, id, "a.csv", key, body)
			if err != nil || p.Again {
				return p, err
			}
			return p, procedures.Deliver(ctx, b.Engine, program, p.CaseNo, p.Upload.ID)
		}
		if _, err := b.runner.Push(ctx, "x", []string{"org-other"}, id, "a.csv", "k", body); !errors.Is(err, store.ErrNotFound) {
			t.Error("another organisation's hookup", err)
		}
		if _, err := push("k1", body); err != nil {
			t.Fatal(err)
		}
		p, err := push("k1", body)
		if err != nil || !p.Again {
			t.Fatalf("%+v %v", p, err)
		}
		_, err = push("k1", []byte("other"))
		b.refused(err, "push.key")
		_, err = push("k2", []byte("编号,年龄,性别\n"))
		b.refused(err, "case.step") // the batch before waits for its acceptance
		b.govern()
		b.step(b.op, no, "accept", procedure.Act{})
		if p, err = push("k3", body); err != nil || !p.Again || b.stateOf(no) != "running" {
			t.Fatalf("the same bytes under another key: %+v %v", p, err)
		}
		if _, err := push("k4", append(body, "3,50,男\n"...)); err != nil || b.stateOf(no) != "ingesting" {
			t.Fatal(err)
		}
	})
}

// An agreement that is suspended or ended takes the ground from under every way in: nothing is
// fetched, no pushed byte is staged, no upload begins, and what was made enters no pool (5.3).
func TestNothingIsTakenInWithoutAnAgreementInForce(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		root := b.reaching("")
		form := merged(hookupForm(""), map[string]any{"kind": "folder", "cycle": "day", "path": b.srcOrg + "/in", "pattern": "*.csv", "ready": "marker"})
		no := b.asked(form)
		b.must(os.MkdirAll(filepath.Join(root, b.srcOrg, "in"), 0o700))
		b.step(b.op, no, "probe", formOf(merged(form, map[string]any{"pipeline": people, "rowsBound": 1})))
		b.govern()
		b.step(b.op, no, "connect_auto", procedure.Act{})
		file := filepath.Join(root, b.srcOrg, "in", "a.csv")
		b.must(os.WriteFile(file, []byte("编号,年龄,性别\n1,30,男\n2,40,女\n"), 0o600))
		b.must(os.WriteFile(file+".ok", nil, 0o600))
		b.write(`UPDATE agreement SET state = 'suspended'`)
		if n, err := b.runner.Schedule(ctx); err != nil || n != 0 {
			t.Errorf("%d fetches under a suspended agreement: %v", n, err)
		}
		staged := func() (n int) { b.get(&n, `SELECT COUNT(*) FROM raw_upload`); return n }
		var h governance.Hookup
		b.must(b.db.View(ctx, func(r *store.ReadTx) (err error) { h, err = governance.HookupOfCase(r, no); return err }))
		// One that was queued before the agreement ended finds that it did.
		b.must(b.queued(h))
		b.govern()
		if _, err := os.Stat(file); err != nil || staged() != 0 {
			t.Errorf("the file was taken: %v, %d staged", err, staged())
		}
		for _, kind := range []string{"push", "upload"} {
			b.write(`UPDATE hookup SET kind = $1`, kind)
			var err error
			if kind == "push" {
				_, err = b.runner.Push(ctx, b.src1, []string{b.srcOrg}, h.ID, "a.csv", "k", []byte("编号\n1\n"))
			} else {
				_, _, err = b.runner.BeginUpload(ctx, b.src1, []string{b.srcOrg}, no, "a.csv", 10)
			}
			b.refused(err, "hookup.authorised")
		}
		if n := staged(); n != 0 {
			t.Errorf("%d staged", n)
		}
		b.write(`UPDATE hookup SET kind = 'folder'`)
		b.write(`UPDATE agreement SET state = 'in_force'`)
		if n, err := b.runner.Schedule(ctx); err != nil || n != 1 {
			t.Fatalf("%d fetches: %v", n, err)
		}
		b.govern()
		b.write(`UPDATE agreement SET state = 'suspended'`)
		b.no(b.op, no, "accept", procedure.Act{}, "hookup.authorised")
	})
}

func (b *basis) queued(h governance.Hookup) error {
	_, err := b.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		_, err := governance.QueueFetch(w, h, "", b.op, b.opOrg)
		return audit.Entry{Type: "test", Action: "queue", Result: audit.Done}, err
	})
	return err
}
