package procedures_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/sample"
	"pado/domain/governance/sourcedesk"
)

// Destroy implements sample.Files.
func (u uploads) Destroy(id string) error { delete(u, id); return nil }

const banner = "朔州市人口抽样表\n编号,年龄,性别\n一、朔城区\n1,30,男\n2,400,女\n合计,430,\n"

func refusedAs(t *testing.T, err error, code string) {
	t.Helper()
	var ref *procedure.Refused
	if !errors.As(err, &ref) || ref.Code != code {
		t.Errorf("want %s, got %v", code, err)
	}
}

// A source confirms how its sample is read; cells are its own people's and every look is an entry;
// the operator's declaration must read so.
func TestTheReadingIsTheSourcesAndTheDeclarationFollowsIt(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		s := sample.New(sample.Config{Engine: b.Engine, Files: b.uploads, KEK: make([]byte, 32), Dir: filepath.Join(t.TempDir(), "trials")})
		item := b.readyItem()
		no := b.begin(b.op, "p06_2b_hookup", hookupForm(item))
		src, op := b.actor(b.src1), b.actor(b.op)
		if _, err := s.Put(ctx, src, no, b.upload(b.src1, banner)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the source sees a draft that is not its: %v", err)
		}
		b.step(b.op, no, "submit", procedure.Act{})
		b.step(b.at.Lead, no, "coordinate", say("请配合"))

		_, err := s.Put(ctx, op, no, b.upload(b.op, banner))
		refusedAs(t, err, "sample.source")
		_, err = s.Put(ctx, src, no, b.upload(b.op, banner))
		refusedAs(t, err, "sample.upload") // another person's upload
		first := b.upload(b.src1, banner)
		if _, err := s.Put(ctx, src, no, first); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Attachment(ctx, src, first); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a sample can be downloaded: %v", err)
		}
		_, _, err = s.Look(ctx, op, no, sample.Part{})
		refusedAs(t, err, "sample.source")
		_, _, err = s.Look(ctx, b.actor(b.at.Lead), no, sample.Part{})
		refusedAs(t, err, "sample.source")
		before := b.entries("governance.sample")
		v, x, err := s.Look(ctx, src, no, sample.Part{Rows: 50})
		if err != nil || v.Rows[0].Is != "banner" || v.Rows[1].Is != "header" || v.Rows[3].Cells[2] != "男" {
			t.Fatalf("%+v %v", v, err)
		}
		if after := b.entries("governance.sample"); after != before+1 {
			t.Errorf("%d entries for one look", after-before)
		}
		_, err = s.Try(ctx, op, no, people)
		refusedAs(t, err, "sample.unconfirmed")

		reading := v.Proposal.Pipeline.Source.Reading()
		_, err = s.Confirm(ctx, src, no, sample.Confirmation{N: x.N + 1, Part: sample.Part{Reading: &reading}})
		refusedAs(t, err, "sample.replaced")
		_, err = s.Confirm(ctx, op, no, sample.Confirmation{N: x.N, Part: sample.Part{Reading: &reading}})
		refusedAs(t, err, "sample.source")
		_, err = s.Confirm(ctx, src, no, sample.Confirmation{N: x.N, Part: sample.Part{Reading: &reading}, Columns: []sample.Column{{Name: "没有"}}})
		refusedAs(t, err, "sample.column")
		reading.Rows = []pipeline.RowIs{{Row: 5, Is: "note"}}
		draft, err := s.Confirm(ctx, src, no, sample.Confirmation{N: x.N, Part: sample.Part{Reading: &reading}, Columns: []sample.Column{{Name: "编号", Identifier: true}, {Name: "年龄", Type: "integer"}}})
		if err != nil || draft.Source.Confirmed == nil || len(draft.Source.Rows) != 1 {
			t.Fatalf("%+v %v", draft, err)
		}
		if text, _ := sample.Write(draft); strings.Contains(text, "朔城区") || strings.Contains(text, "400") {
			t.Error("a cell is in the draft")
		}
		for _, c := range draft.Target.Columns {
			if c.Title == "编号" {
				t.Error("what a person marked as an identifier is in the target")
			}
		}

		form := hookupForm(item)
		form["pipeline"], form["rowsBound"] = people, 1
		raw, _ := json.Marshal(form)
		b.no(b.op, no, "connect", procedure.Act{Form: raw}, "hookup.reading")
		mine, problem := sample.Model(people)
		if problem != nil {
			t.Fatal(problem)
		}
		sample.Adopt(mine, draft)
		text, err := sample.Write(mine)
		if err != nil {
			t.Fatal(err)
		}
		if mine.Source.Columns[1].As != "age" {
			t.Errorf("the names of the steps are lost: %+v", mine.Source.Columns)
		}
		out, err := s.Try(ctx, op, no, text)
		if err != nil || out.Cells || len(out.Aside) == 0 || out.Aside[0].Cells != nil {
			t.Fatalf("%+v %v", out, err)
		}
		own, err := s.Try(ctx, src, no, text)
		if err != nil || !own.Cells || own.Aside[0].Cells == nil || own.Rows != out.Rows {
			t.Errorf("%+v %v", own, err)
		}
		form["pipeline"] = text
		raw, _ = json.Marshal(form)
		b.step(b.op, no, "connect", procedure.Act{Form: raw})

		if err := s.Remove(ctx, src, no); err != nil {
			t.Fatal(err)
		}
		if _, there := b.uploads[first]; there {
			t.Error("the bytes of a removed sample are there")
		}
		_, _, err = s.Look(ctx, src, no, sample.Part{})
		refusedAs(t, err, "sample.none")

		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			d, err := sourcedesk.Draw(r, src, "", nil)
			if err != nil || len(d.Sections) < 5 || d.Tiles[1].Value != 1 {
				t.Errorf("%+v %v", d, err)
			}
			if _, err := sourcedesk.Draw(r, op, "", nil); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the operator has a source's page: %v", err)
			}
			if _, err := sourcedesk.Draw(r, src, b.opOrg, nil); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a page of another organisation: %v", err)
			}
			return nil
		}))
	})
}

// A declaration keeps its meaning through text and model, and is shown where it does not hold together.
func TestADeclarationInBothForms(t *testing.T) {
	p, problem := sample.Model(people)
	if problem != nil {
		t.Fatal(problem)
	}
	model, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	text, problem := sample.Text(model)
	if problem != nil {
		t.Fatal(problem)
	}
	again, problem := sample.Model(text)
	if problem != nil {
		t.Fatal(problem)
	}
	one, _ := p.Digest()
	two, _ := again.Digest()
	if one != two {
		t.Errorf("%s %s\n%s", one, two, text)
	}
	loose, problem := sample.Model(strings.Replace(people, "type: integer", "type: number", 1))
	if problem == nil || !strings.Contains(problem.Path, "target") || loose == nil {
		t.Errorf("%+v %+v", problem, loose)
	}
	if m, problem := sample.Model("steps: ["); problem == nil || m != nil {
		t.Errorf("%+v", m)
	}
	if _, problem := sample.Text([]byte(`{"format":"pado.pipeline/1","run":"rm"}`)); problem == nil {
		t.Error("an unknown field is taken")
	}
	for _, k := range sample.StepKinds() {
		if k.Label == k.Kind || len(k.Options) == 0 {
			t.Errorf("step %s has no words", k.Kind)
		}
		for _, o := range k.Options {
			if o.Label == o.Name {
				t.Errorf("setting %s.%s has no words", k.Kind, o.Name)
			}
			for _, f := range o.Of {
				if f.Label == f.Name {
					t.Errorf("setting %s.%s.%s has no words", k.Kind, o.Name, f.Name)
				}
			}
		}
	}
}

// readyItem is a published item under an agreement in force.
func (b *basis) readyItem() string {
	b.mandate()
	b.scheme()
	item := b.published(catalogueForm(nil))
	b.backfilled(map[string]any{"item": item})
	return item
}

// entries counts the entries of a kind in the log.
func (b *basis) entries(kind string) (n int) {
	b.must(b.db.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&n, `SELECT COUNT(*) FROM audit_leaf WHERE type = $1`, kind)
	}))
	return n
}
