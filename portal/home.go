package portal

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/plan"
)

// homePage is what the home page shows besides the notices.
type homePage struct {
	Counts []count
	Shelf  []shelf
}

type count struct {
	Label, Unit, Path string
	N                 int
}

// shelf is the newest of a register.
type shelf struct {
	Register *register.Register
	Rows     []shelfRow
}

type shelfRow struct{ Name, Path, Beside string }

func (p *Portal) home(r *http.Request, v *view) error {
	v.Template, v.Title = "home", p.Platform
	return p.read(r.Context(), func(tx *store.ReadTx) (err error) {
		v.Now, v.Home = tx.Now(), &homePage{}
		for _, c := range p.Counters {
			g, err := p.register(c.Register)
			if err != nil {
				continue
			}
			page, err := g.List(tx, procedure.Actor{}, register.Query{Size: 5})
			if err != nil {
				return err
			}
			v.Home.Counts = append(v.Home.Counts, count{c.Label, c.Unit, p.path("list", g.ID), page.Total})
			if len(c.Show) > 0 {
				v.Home.Shelf = append(v.Home.Shelf, p.shelf(g, c.Show, page.Rows))
			}
		}
		if v.Board, err = p.Engine.BoardPage(tx, procedure.BoardQuery{Size: 8}); err != nil {
			return err
		}
		v.Home.Counts = append(v.Home.Counts, count{"公告公示", "件正在公开", p.path("notices"), v.Board.Total})
		cp, err := tx.LatestCheckpoint()
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		v.Home.Counts = append(v.Home.Counts, count{"审计日志", "条已签名", p.path("log"), int(cp.Size)})
		return nil
	})
}

// shelf names rows by their main column and tells those of one name apart by what stands beside it.
func (p *Portal) shelf(g *register.Register, show []string, rows []register.Row) shelf {
	s := shelf{Register: g}
	for _, row := range rows {
		var x shelfRow
		var beside []string
		for _, c := range g.Columns {
			if c.Primary {
				x.Name = cellText(c, row.Cells)
			}
		}
		for _, key := range show {
			for _, c := range g.Columns {
				if t := cellText(c, row.Cells); c.Key == key && t != "—" {
					if c.Kind == "money" {
						t += " 元"
					}
					beside = append(beside, t)
				}
			}
		}
		x.Beside = strings.Join(beside, "　")
		if g.Item != nil {
			x.Path = p.path("list", g.ID, row.Key)
		}
		s.Rows = append(s.Rows, x)
	}
	return s
}

func (p *Portal) list(r *http.Request, v *view) error {
	g, err := p.register(r.PathValue("id"))
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v.Template, v.Title, v.Register, v.Q = "list", g.Title, g, strings.TrimSpace(q.Get("q"))
	v.Filters = map[string]string{}
	for _, f := range g.Filters {
		if x := q.Get(f.Key); x != "" {
			v.Filters[f.Key] = x
		}
	}
	if len([]rune(v.Q)) > maxQuery {
		return register.ErrQuery
	}
	return p.read(r.Context(), func(tx *store.ReadTx) (err error) {
		v.Page, err = g.List(tx, procedure.Actor{}, register.Query{Text: v.Q, Filters: v.Filters, Cursor: q.Get("cursor"), Size: 20})
		if q.Get("cursor") != "" {
			q.Del("cursor")
			v.Prev = "?" + q.Encode()
		}
		if v.Page.Next != "" {
			q.Set("cursor", v.Page.Next)
			v.Next = "?" + q.Encode()
		}
		return err
	})
}

func (p *Portal) item(r *http.Request, v *view) error {
	g, err := p.register(r.PathValue("id"))
	if err != nil || g.Item == nil {
		return store.ErrNotFound
	}
	v.Template, v.Register, v.Key = "item", g, r.PathValue("key")
	return p.read(r.Context(), func(tx *store.ReadTx) error {
		// The list's own condition decides what is public; the page never shows more.
		page, err := g.List(tx, procedure.Actor{}, register.Query{Key: v.Key, Size: 1})
		if err != nil || len(page.Rows) != 1 {
			return errors.Join(err, store.ErrNotFound)
		}
		if v.Item, err = g.Item(tx, procedure.Actor{}, v.Key); err != nil {
			return err
		}
		v.Title = v.Item.Title
		return nil
	})
}

// planPage is the coverage of the plan: what is carried out, by what, and what is still open.
type planPage struct {
	Rows         []planRow
	Open         []planRow
	Duties, Done int
	OnlyOpen     bool
}

type planRow struct {
	plan.Row
	State string
	By    []string
}

// implementers are the kinds of what carries a clause, as people say them.
var implementers = map[string]string{"procedure": "事项", "step": "办理步骤", "rule": "规则", "effect": "办理效果", "field": "表单项", "page": "页面与台账", "route": "接口",
	"constraint": "数据库约束", "job": "后台作业", "document": "文书", "story": "验收用例"}

func (p *Portal) clauses(r *http.Request, v *view) error {
	page := &planPage{OnlyOpen: r.URL.Query().Get("show") == "open"}
	rows := plan.Coverage()
	for _, row := range rows {
		x := planRow{Row: row, State: "已实现"}
		kinds := map[string]int{}
		var order []string
		for _, by := range row.By {
			k := implementers[by.Kind]
			if k == "" {
				k = "其他"
			}
			if kinds[k]++; kinds[k] == 1 {
				order = append(order, k)
			}
		}
		for _, k := range order {
			x.By = append(x.By, k+" "+comma(int64(kinds[k]))+" 处")
		}
		switch {
		case row.Clause.Heading:
			x.State = below(rows, row.Clause.ID)
		case row.Open():
			x.State = "尚未实现"
			page.Open = append(page.Open, x)
			page.Duties++
		default:
			page.Duties++
			page.Done++
		}
		page.Rows = append(page.Rows, x)
	}
	v.Template, v.Title, v.Plan = "plan", "方案条款与平台功能对照", page
	return nil
}

// below says how many of the clauses under a heading are carried out.
func below(rows []plan.Row, heading string) string {
	done, all := 0, 0
	for _, r := range rows {
		if strings.HasPrefix(r.Clause.ID, heading+".") && !r.Clause.Heading {
			all++
			if !r.Open() {
				done++
			}
		}
	}
	if all == 0 {
		return "—"
	}
	return fmt.Sprintf("%d/%d 条", done, all)
}
