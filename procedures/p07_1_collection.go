package procedures

import (
	"fmt"

	"pado/core/calendar"
	"pado/core/docs"
	"pado/core/procedure"
	"pado/domain/catalogue"
	"pado/domain/party"
	"pado/domain/supply"
	"pado/plan"
)

type collectionForm struct {
	Items []collectionRow `json:"items"`
	Note  string          `json:"note"`
	Proof string          `json:"proof"`
}

type collectionRow struct {
	Item  string `json:"item"`
	Mode  string `json:"mode"`
	On    string `json:"on"`
	Place string `json:"place"`
}

// P07Collection is 归集登记 (clause 7.2), the first leg of supply: a source reports which of its items
// stand on the city's data platform; the data authority checks and takes note.
func P07Collection() *procedure.Procedure {
	c := plan.C("7.2")
	return procedure.NewFiling(procedure.FilingSpec{ID: "p07_1_collection", Prefix: "GB", Title: "归集登记", Group: "目录与供给", Plan: c, By: party.Source, To: party.Authority,
		Within: "collection.check", Supplement: "supply.answer",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[collectionForm](c)
			if err != nil || len(f.Items) == 0 {
				return "", err
			}
			it, err := catalogue.ByID(c.ReadTx, f.Items[0].Item)
			if err != nil {
				return "", nil //nolint:nilerr // the rule says what is wrong with the item
			}
			if len(f.Items) == 1 {
				return "归集登记：" + it.Title, nil
			}
			return fmt.Sprintf("归集登记：%s等%d项", it.Title, len(f.Items)), nil
		},
		Form: procedure.FormOf[collectionForm](
			procedure.Field{Name: "items", Label: "已归集的目录项", Kind: procedure.Table, Required: true, Plan: c, Section: "归集", Rows: []procedure.Field{
				{Name: "item", Label: "目录项", Kind: procedure.Ref, Source: "catalogue_own", Required: true, Plan: c}, {Name: "mode", Label: "归集方式", Kind: procedure.Choice, Options: supply.Modes, Required: true, Plan: c},
				{Name: "on", Label: "归集日期", Kind: procedure.Date, Required: true, Plan: c}, {Name: "place", Label: "市级平台库表或接口名称", Kind: procedure.Text, Max: 100, Required: true, Plan: c}}},
			procedure.Field{Name: "note", Label: "说明", Kind: procedure.LongText, Max: 1000, Plan: c, Section: "归集"},
			procedure.Field{Name: "proof", Label: "市级平台接收凭证", Kind: procedure.File, Plan: c, Section: "归集"}),
		Require: procedure.Rules{collectionItems, filesThere(c, "proof")},
		Filed:   procedure.Effects{bindFiles(c, "proof")}, Recorded: procedure.Effects{recordCollection}, Corrected: procedure.Effects{endCollection},
		Parties: []procedure.PartyRule{{Role: party.Authority, Find: party.TenantOrg(party.Authority)}}, Readers: []procedure.Role{party.Authority, party.Auditor},
		Papers: []procedure.Paper{{Kind: "receipt", Title: "归集登记回执", Plan: c, In: procedure.S("recorded"), Draw: collectionPaper}}})
}

// collectionItems: each row is the source's own published item, once, on a day that has been.
var collectionItems = procedure.Rule{Code: "collection.items", Say: "所列目录项不属于本单位、已经撤销或重复，或者归集日期在今天之后", Plan: plan.C("7.2"), Holds: func(c *procedure.Ctx) error {
	f, err := procedure.Form[collectionForm](c)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	var bad []procedure.FieldError
	for i, row := range f.Items {
		wrong := func(field, say string) {
			bad = append(bad, procedure.FieldError{Path: fmt.Sprintf("items.%d.%s", i, field), Message: say, Clause: "7.2"})
		}
		it, err := catalogue.ByID(c.ReadTx, row.Item)
		if err != nil && ruleMissing(err) != procedure.ErrFails {
			return err
		}
		switch {
		case err != nil || it.SourceOrg != c.Case.Org || it.State != catalogue.StatePublished:
			wrong("item", "目录项不属于本单位或者已经撤销")
		case seen[row.Item]:
			wrong("item", "目录项重复")
		}
		seen[row.Item] = true
		if d, err := calendar.ParseDate(row.On); err != nil || d.After(c.Today()) {
			wrong("on", "归集日期不能在今天之后")
		}
	}
	if len(bad) > 0 {
		return &procedure.Invalid{Errors: bad}
	}
	return nil
}}

var recordCollection = procedure.Effect{Name: "collect", Say: "所列目录项计入归集率", Plan: plan.C("7.2"), Run: func(c *procedure.Ctx) error {
	f, err := procedure.Form[collectionForm](c)
	if err != nil {
		return err
	}
	for _, row := range f.Items {
		if err := supply.Collect(c.W, supply.Collection{Item: row.Item, SourceOrg: c.Case.Org, Division: c.Case.Tenant, Mode: row.Mode, Collected: row.On, Place: row.Place, CaseNo: c.Case.No}, c.Actor.Person); err != nil {
			return err
		}
	}
	return nil
}}

var endCollection = procedure.Effect{Name: "uncollect", Say: "所列目录项在更正前不计入归集率", Plan: plan.C("7.2"), Run: func(c *procedure.Ctx) error {
	return supply.EndCollections(c.W, c.Case.No, c.Actor.Person)
}}

func collectionPaper(c *procedure.Ctx) (docs.Document, error) {
	f, err := procedure.Form[collectionForm](c)
	if err != nil {
		return docs.Document{}, err
	}
	org, err := c.Party(party.Authority)
	if err != nil {
		return docs.Document{}, err
	}
	authority, err := orgNamed(c, org)
	if err != nil {
		return docs.Document{}, err
	}
	t := docs.Table{Caption: "已归集的目录项", Columns: []docs.Column{{Title: "目录项", Width: 5}, {Title: "方式", Width: 2}, {Title: "归集日期", Width: 3}, {Title: "库表或接口", Width: 4}}}
	for _, row := range f.Items {
		it, err := catalogue.ByID(c.ReadTx, row.Item)
		if err != nil {
			return docs.Document{}, err
		}
		t.Rows = append(t.Rows, []string{it.Title, procedure.LabelOf(supply.Modes, row.Mode), row.On, row.Place})
	}
	return checked(docs.Document{Kind: docs.Certificate, Number: c.Case.No, Title: "归集登记回执", Blocks: []docs.Block{t, docs.P("上述目录项已归集到市级数据平台，予以备案。"),
		docs.Signature{Organ: authority, Date: dateOf(c.Case.Updated), Seal: true}}}, c.Case.No, c.Case.No, formDigest(c))
}
