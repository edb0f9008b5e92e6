package portal

import (
	"net/http"
	"net/url"
	"strings"

	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
)

// findings are the results of a search over everything public, by where they were found.
type findings struct {
	Total  int
	Groups []findingGroup
	Number *procedure.Proof // the text is a number the platform issued
}

type findingGroup struct {
	Title, All string // All leads to the complete result
	Total      int
	Rows       []shelfRow
}

const foundPerGroup = 6

func (p *Portal) search(r *http.Request, v *view) error {
	v.Template, v.Title, v.Q = "search", "搜索", strings.TrimSpace(r.URL.Query().Get("q"))
	if v.Q == "" {
		return nil
	}
	v.Title = "搜索：" + v.Q
	if len([]rune(v.Q)) > maxQuery {
		v.Q, v.Title, v.Say = "", "搜索", "搜索内容过长，请缩短到 100 个字以内。"
		return nil
	}
	v.Found = &findings{}
	return p.read(r.Context(), func(tx *store.ReadTx) error {
		proof, err := p.Verify(tx, v.Q)
		if err == nil {
			v.Found.Number = proof
		}
		for _, g := range p.public {
			if len(g.Search) == 0 {
				continue
			}
			page, err := g.List(tx, procedure.Actor{}, register.Query{Text: v.Q, Size: foundPerGroup})
			if err != nil {
				return err
			}
			if page.Total == 0 {
				continue
			}
			s := p.shelf(g, beside(g), page.Rows)
			v.Found.Groups = append(v.Found.Groups, findingGroup{Title: g.Title, Total: page.Total, Rows: s.Rows, All: p.path("list", g.ID) + "?q=" + url.QueryEscape(v.Q)})
			v.Found.Total += page.Total
		}
		board, err := p.Engine.BoardPage(tx, procedure.BoardQuery{Text: v.Q, Size: foundPerGroup})
		if err != nil {
			return err
		}
		if board.Total > 0 {
			g := findingGroup{Title: "公告公示", Total: board.Total, All: p.path("notices") + "?q=" + url.QueryEscape(v.Q)}
			for _, n := range board.Items {
				g.Rows = append(g.Rows, shelfRow{Name: n.Title, Path: p.path("notices", n.No), Beside: n.Kind + "　" + n.OrgName + "　" + minute(n.Since)})
			}
			v.Found.Groups = append(v.Found.Groups, g)
			v.Found.Total += board.Total
		}
		return nil
	})
}

// beside are the columns that tell rows of a register apart in a short list: the first three that
// are words.
func beside(g *register.Register) (out []string) {
	for _, c := range g.Columns {
		if !c.Primary && (c.Kind == "tag" || c.Kind == "text" || c.Kind == "code") && len(out) < 3 {
			out = append(out, c.Key)
		}
	}
	return out
}
