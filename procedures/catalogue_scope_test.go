package procedures_test

import (
	"testing"

	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/procedures"
)

// Who used a department's data is shown to that department and to those who supervise it: another
// county's data authority reads the item without it.
func TestACountyDoesNotReadWhoUsedTheCitysData(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		item := b.readyItem()
		b.write(`INSERT INTO field_use (kind, ref, item, field, at, org, person, project, product, grant_id, agreement, operator_org, source_org, purpose, times) VALUES ('question','q-1',$1,'*',0,$2,'','XM-1','','','',$2,$3,'用途',1)`, item, b.opOrg, b.srcOrg)
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			for _, g := range procedures.Registers() {
				if g.ID != "catalogue" {
					continue
				}
				for division, want := range map[string]bool{"140600": true, "140602": false} {
					for _, role := range []procedure.Role{party.Authority, party.Auditor} {
						page, err := g.Item(r, procedure.Actor{Desks: []procedure.Desk{{Org: "org-x", Role: role, Division: division}}}, item)
						b.must(err)
						got := false
						for _, s := range page.Sections {
							got = got || s.Title == "使用情况"
						}
						if got != want {
							t.Errorf("%s of %s sees the uses: %v", role, division, got)
						}
					}
				}
			}
			return nil
		}))
	})
}
