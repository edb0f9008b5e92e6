package governance

import (
	"fmt"

	"pado/core/procedure"
	"pado/core/store"
)

// The stations of a dataset's way, from the roots to what is offered.
var stations = []string{"原始文件", "治理流水线", "数据集版本", "沙箱项目", "出域成果", "数据产品"}

// shownVersions bounds the graph; what is older is said by its number.
const shownVersions = 12

// graph collects nodes and edges of the lineage; a node is drawn once.
type graph struct {
	rows []map[string]any
	seen map[string]bool
}

func (g *graph) node(id string, station int, label, sub, state, href string) {
	if g.seen[id] {
		return
	}
	g.seen[id] = true
	g.rows = append(g.rows, map[string]any{"node": id, "station": station, "label": label, "sub": sub, "state": state, "href": href})
}

func (g *graph) edge(from, to string) {
	if k := from + "→" + to; !g.seen[k] {
		g.seen[k] = true
		g.rows = append(g.rows, map[string]any{"from": from, "to": to})
	}
}

// lineageGraph is the way from source files over pipeline versions and dataset versions to
// sandbox projects, released outputs and products (clause 10.1.1: a source sees who uses its data).
func lineageGraph(r *store.ReadTx, d Dataset, versions []Version) (procedure.Section, error) {
	s := procedure.Section{Kind: "panel", Panel: "lineage", Title: "血缘", Clause: "10.1.1"}
	for _, x := range stations {
		s.Columns = append(s.Columns, procedure.Column{Key: x, Label: x, Kind: "text"})
	}
	g := &graph{seen: map[string]bool{}}
	if len(versions) > shownVersions {
		s.Note = fmt.Sprintf("只画最近%d版；更早的%d版见版本列表。", shownVersions, len(versions)-shownVersions)
		versions = versions[:shownVersions]
	}
	for _, v := range versions {
		if err := g.roots(r, v); err != nil {
			return s, err
		}
	}
	if err := g.uses(r, d.ID, versions); err != nil {
		return s, err
	}
	s.Rows = g.rows
	return s, nil
}

func (g *graph) roots(r *store.ReadTx, v Version) error {
	x, err := decodeVersion(v)
	if err != nil {
		return err
	}
	f, err := RawByID(r, v.Raw)
	if err != nil {
		return err
	}
	file, line, version := "raw:"+v.Raw, "line:"+x.Lineage.Source.PipelineDigest, "version:"+v.ID
	state := ""
	if f.State == "destroyed" {
		state = "已销毁"
	}
	g.node(file, 0, f.Name, "SHA-256 "+short(f.SHA256), state, "")
	g.node(line, 1, fmt.Sprintf("%s 第%d版", x.Lineage.Source.Pipeline, x.Lineage.Source.PipelineNo), "摘要 "+short(x.Lineage.Source.PipelineDigest), "", "")
	g.node(version, 2, fmt.Sprintf("第%d版", v.N), fmt.Sprintf("%d 行，%s", v.Rows, short(v.ID)), StateLabel(v.State), "")
	g.edge(file, line)
	g.edge(line, version)
	return nil
}

func (g *graph) uses(r *store.ReadTx, dataset string, versions []Version) error {
	shown := map[string]bool{}
	for _, v := range versions {
		shown[v.ID] = true
	}
	var rows []struct{ Project, Title, Org, Version, State string }
	if err := r.Select(&rows, `SELECT t.project, p.title, COALESCE(o.name, '') AS org, t.version, p.state FROM project_table t JOIN project p ON p.no = t.project LEFT JOIN org o ON o.id = p.org
		WHERE t.dataset = $1 ORDER BY t.project, t.version LIMIT 200`, dataset); err != nil {
		return err
	}
	for _, x := range rows {
		if !shown[x.Version] {
			continue
		}
		project := "project:" + x.Project
		g.node(project, 3, x.Title, x.Org+"，"+x.Project, map[string]string{"open": "使用中", "frozen": "已冻结", "closed": "已关闭"}[x.State], "")
		g.edge("version:"+x.Version, project)
		if err := g.outputs(r, x.Project, project); err != nil {
			return err
		}
	}
	return nil
}

func (g *graph) outputs(r *store.ReadTx, no, project string) error {
	var rows []struct{ Digest, Title, DocNo, State, Code, Name, Offered string }
	if err := r.Select(&rows, `SELECT a.digest, a.title, a.doc_no, a.state, COALESCE(p.code, '') AS code, COALESCE(p.name, '') AS name, COALESCE(p.state, '') AS offered
		FROM release_artefact a LEFT JOIN product_version v ON v.artefact = a.digest LEFT JOIN product p ON p.id = v.product WHERE a.project = $1 ORDER BY a.released, a.digest, p.code LIMIT 200`, no); err != nil {
		return err
	}
	for _, x := range rows {
		out := "out:" + x.Digest
		g.node(out, 4, x.Title, x.DocNo, map[string]string{"revoked": "已撤销"}[x.State], "")
		g.edge(project, out)
		if x.Code != "" {
			g.node("product:"+x.Code, 5, x.Name, x.Code, map[string]string{"registered": "已登记", "published": "已上架", "suspended": "已暂停", "retired": "已退出"}[x.Offered], "/registers/products/"+x.Code)
			g.edge(out, "product:"+x.Code)
		}
	}
	return nil
}

// short is the beginning of a digest, enough to tell two apart by eye.
func short(digest string) string {
	if len(digest) > 7 && digest[:7] == "sha256:" {
		digest = digest[7:]
	}
	return digest[:min(12, len(digest))]
}
