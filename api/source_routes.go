package api

import (
	"context"

	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/catalogue"
	"pado/domain/governance/sourcedesk"
)

// SourceWire is the work page of a source department (数源工作台).
type SourceWire struct {
	Org      OrgRefWire          `json:"org"`
	Orgs     []OrgRefWire        `json:"orgs" doc:"本人任职的数源部门"`
	AsOf     store.Time          `json:"asOf"`
	Tiles    []TileWire          `json:"tiles"`
	Sections []procedure.Section `json:"sections"`
}

// OrgRefWire names an organisation.
type OrgRefWire struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// TileWire is one figure at the head of a page.
type TileWire struct {
	Label string `json:"label"`
	Value int    `json:"value"`
	Tone  string `json:"tone,omitempty" enum:"ok,warn,bad"`
	Href  string `json:"href,omitempty"`
}

// SourceRoutes is the page of a source department.
func SourceRoutes() func(*API) {
	return func(a *API) {
		type in struct {
			Org string `query:"org" maxLength:"60" doc:"任职多个数源部门时指定其一"`
		}
		type out struct{ Body SourceWire }
		Route(a, Op("source-desk", "GET", "/api/source", "数源工作台：本部门目录项、报送、质量、整改和使用", "数据接入"), func(ctx context.Context, in *in) (*out, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			var d sourcedesk.Desk
			if err := a.Engine.DB().View(ctx, func(r *store.ReadTx) error {
				d, err = sourcedesk.Draw(r, actor, in.Org, catalogue.Cycles)
				return err
			}); err != nil {
				return nil, err
			}
			w := SourceWire{Org: OrgRefWire(d.Org), AsOf: d.AsOf, Sections: d.Sections}
			for _, o := range d.Orgs {
				w.Orgs = append(w.Orgs, OrgRefWire(o))
			}
			for _, t := range d.Tiles {
				w.Tiles = append(w.Tiles, TileWire(t))
			}
			return &out{w}, nil
		})
	}
}
