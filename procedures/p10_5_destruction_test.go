package procedures_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/governance"
	"pado/domain/party"
)

// Asked by the operator, agreed by the source, done by one person and looked after by another: the
// bytes are gone, the digest stays, and the paper says so.
func TestRawFilesAreDestroyedByTwoPersons(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		op2 := b.person("yunying2", "运营乙")
		b.write(`INSERT INTO membership (person, org, role, ranks, lead, since, until) VALUES ($1,$2,$3,'["draft","review","sign"]',$4,'2026-01-01','')`, op2, b.opOrg, string(party.Operator), false)
		no := b.asked(merged(hookupForm(""), map[string]any{"retain": 2}))
		b.step(b.op, no, "connect", formOf(merged(hookupForm(b.itemOf(no)), map[string]any{"pipeline": people, "rowsBound": 1, "retain": 2})))
		content := "编号,年龄,性别\n1,30,男\n2,40,女\n3,300,女\n4,50,女\n5,50,女\n6,50,女\n7,50,女\n8,51,女\n9,52,女\n10,53,女\n11,54,女\n"
		up := b.upload(b.src1, content)
		b.step(b.src1, no, "deliver", deliver(up))
		b.govern()
		var raw governance.Raw
		var v governance.Version
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			h, err := governance.HookupOfCase(r, no)
			b.must(err)
			raw, err = governance.LastDelivery(r, h.ID)
			b.must(err)
			v, err = governance.VersionOfRaw(r, raw.ID)
			return err
		}))
		ask := func(reason string) map[string]any {
			return map[string]any{"files": []string{raw.ID}, "reason": reason, "note": "按期清理"}
		}
		x := b.begin(b.op, "p10_5_destruction", ask("expired"))
		b.no(b.op, x, "submit", procedure.Act{}, "destruction.files") // its version waits for acceptance
		b.step(b.op, no, "accept", procedure.Act{})
		b.no(b.op, x, "submit", procedure.Act{}, "destruction.due")
		b.clock.At = b.clock.At.AddDate(0, 2, 1)
		b.no(b.op, x, "submit", procedure.Act{Form: asJSON(ask("ended"))}, "destruction.due") // neither connection nor agreement has
		b.step(b.op, x, "submit", procedure.Act{Form: asJSON(ask("expired"))})
		b.step(b.src1, x, "agree", say("同意"))
		b.step(b.op, x, "execute", procedure.Act{})
		b.no(op2, x, "witness", say("无误"), "destruction.not_done")
		b.govern()
		b.no(b.op, x, "witness", say("无误"), "case.apart")
		b.step(op2, x, "witness", say("无误"))

		if _, err := b.runner.OpenRaw(ctx, raw.ID, b.op, b.opOrg, governance.ForSheet); err == nil {
			t.Error("the bytes can still be read")
		}
		// Neither ciphertext nor key: the raw zone holds the facts only, the rows set aside are gone too.
		for _, pattern := range []string{"raw-*.raw", "raw-*.env"} {
			if left, err := filepath.Glob(filepath.Join(b.rawDir, pattern)); err != nil || len(left) != 0 {
				t.Error("left", left, err)
			}
		}
		if _, err := os.Stat(filepath.Join(b.rawDir, raw.ID+".gone")); err != nil {
			t.Error("no facts were kept", err)
		}
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			list, err := governance.DestroyedIn(r, x)
			b.must(err)
			if len(list) != 1 || list[0].SHA256 != raw.SHA256 || list[0].Parts < 3 || list[0].EnvelopeSHA256 == "" {
				t.Errorf("%+v", list)
			}
			now, err := governance.VersionByID(r, v.ID)
			if !strings.Contains(now.Lineage, raw.SHA256) || now.State != "accepted" {
				t.Error("the lineage lost the digest")
			}
			return err
		}))
		d, err := b.Paper(ctx, b.actor(b.src1), x, "certificate")
		b.must(err)
		for _, want := range []string{raw.SHA256, "运营甲", "运营乙", "朔州市统计局", "保留期限届满"} {
			if !strings.Contains(docs.Text(d), want) {
				t.Errorf("the certificate lacks %s", want)
			}
		}
		// Again is refused; the same bytes may be delivered anew and are kept under a name of their own.
		y := b.begin(b.op, "p10_5_destruction", ask("wrong"))
		b.no(b.op, y, "submit", procedure.Act{}, "destruction.files")
		b.step(b.src1, no, "deliver", deliver(b.upload(b.src1, content)))
		b.govern()
		b.step(b.op, no, "reject", say("内容与已处理的相同")) // governed, not stuck
		if f, err := b.runner.OpenRaw(ctx, raw.ID, b.op, b.opOrg, governance.ForSheet); err != nil {
			t.Error(err)
		} else {
			b.must(f.Close())
		}
	})
}

func (b *basis) itemOf(no string) (item string) {
	b.t.Helper()
	b.must(b.db.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&item, `SELECT id FROM catalogue_item ORDER BY id DESC LIMIT 1`)
	}))
	return item
}
