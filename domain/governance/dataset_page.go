package governance

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/governance/ingest"
	"pado/domain/governance/ingest/quality"
)

// datasetPage shows a dataset to its source, its operator and the authority: versions with what
// each changed, lineage to the roots, quality over the versions, the newest version in detail. It
// holds names, counts and digests; nothing of a row.
func datasetPage(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
	d, err := DatasetByID(r, key)
	if err != nil {
		return nil, err
	}
	var operator, source string
	if err := r.Get(&operator, `SELECT COALESCE(MAX(operator_org), '') FROM hookup WHERE dataset = $1`, key); err != nil {
		return nil, err
	}
	if !mayRead(a, d.SourceOrg, operator, d.Division) {
		return nil, store.ErrNotFound
	}
	if err := r.Get(&source, `SELECT name FROM org WHERE id = $1`, d.SourceOrg); err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	versions, err := Versions(r, key)
	if err != nil {
		return nil, err
	}
	out := &register.Item{Title: d.Title, Subtitle: d.ID, Sections: []procedure.Section{aboutDataset(d, source, versions)}}
	for _, v := range versions {
		if len(out.Cases) == 0 || out.Cases[len(out.Cases)-1] != v.CaseNo {
			out.Cases = append(out.Cases, v.CaseNo)
		}
	}
	if len(versions) == 0 {
		out.Sections = append(out.Sections, procedure.Section{Kind: "table", Title: "版本", Clause: "6.2.2", Note: "还没有产生版本：数源部门报送、治理作业完成后出现第1版。"}, noPreview())
		return out, nil
	}
	history, err := versionHistory(versions)
	if err != nil {
		return nil, err
	}
	graph, err := lineageGraph(r, d, versions)
	if err != nil {
		return nil, err
	}
	trend, err := qualityTrend(versions)
	if err != nil {
		return nil, err
	}
	out.Sections = append(out.Sections, history, graph)
	if trend != nil {
		out.Sections = append(out.Sections, *trend)
	}
	newest, err := versionDetail(versions[0])
	if err != nil {
		return nil, err
	}
	out.Sections = append(append(out.Sections, newest...), noPreview())
	return out, nil
}

func aboutDataset(d Dataset, source string, versions []Version) procedure.Section {
	unit := procedure.LabelOf(UnitDomains, d.UnitDomain)
	if d.UnitColumn != "" {
		unit += "（" + d.UnitColumn + "）"
	}
	current := "还没有入池的版本"
	for _, v := range versions {
		if v.ID == d.CurrentVersion {
			current = fmt.Sprintf("第%d版，%d 行，质量分 %s", v.N, v.Rows, percent(v.Score))
		}
	}
	return procedure.Section{Kind: "keyvalues", Title: "数据集", Clause: "6.2.2", Items: []procedure.Item{{Label: "数源部门", Value: source}, {Label: "保护单元", Value: unit},
		{Label: "每个单元参与一次提问的最多行数", Value: d.RowsBound}, {Label: "现行版本", Value: current}}}
}

// noPreview says that there is no look at rows here and why: the sandbox answers questions with
// protection, it makes no records that look like people.
func noPreview() procedure.Section {
	return procedure.Section{Kind: "keyvalues", Title: "合成预览", Clause: "6.3.3", Note: "保护引擎目前不提供合成数据，因此这里没有预览。要了解数据内容，请在安全沙箱中提问。",
		Items: []procedure.Item{{Label: "状态", Value: map[string]any{"text": "不提供", "tone": "muted"}}}}
}

// Change is one line of the difference between two versions.
type Change struct {
	Label  string `json:"label"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Changes tells what version next changed against prev: counts, schema, pipeline.
func Changes(prev, next Version) ([]Change, error) {
	var out []Change
	add := func(label, before, after string) {
		if before != after {
			out = append(out, Change{label, before, after})
		}
	}
	add("行数", fmt.Sprint(prev.Rows), fmt.Sprint(next.Rows))
	add("隔离行数", fmt.Sprint(prev.Quarantined), fmt.Sprint(next.Quarantined))
	add("质量分", percent(prev.Score), percent(next.Score))
	old, err := decodeVersion(prev)
	if err != nil {
		return nil, err
	}
	now, err := decodeVersion(next)
	if err != nil {
		return nil, err
	}
	add("流水线", old.pipeline(), now.pipeline())
	add("治理引擎", old.Lineage.Source.Engine, now.Lineage.Source.Engine)
	for _, c := range old.Schema {
		after := "（已取消）"
		for _, x := range now.Schema {
			if x.Name == c.Name {
				after = schemaText(x)
			}
		}
		add("字段 "+c.Name, schemaText(c), after)
	}
	for _, c := range now.Schema {
		known := false
		for _, x := range old.Schema {
			known = known || x.Name == c.Name
		}
		if !known {
			add("字段 "+c.Name, "（原来没有）", schemaText(c))
		}
	}
	return out, nil
}

func schemaText(c ingest.Column) string {
	s := c.Type + "，" + usage[c.Label]
	if c.Title != "" {
		s = c.Title + "，" + s
	}
	if c.Required {
		s += "，必填"
	}
	return s
}

// decoded is a version's JSON in its types.
type decoded struct {
	Schema  []ingest.Column
	Lineage struct {
		Raw    string             `json:"raw"`
		Source ingest.Lineage     `json:"source"`
		Steps  []ingest.StepCount `json:"steps"`
		Blank  int64              `json:"blank"`
		Header int64              `json:"header"`
	}
}

func (d decoded) pipeline() string {
	digest := strings.TrimPrefix(d.Lineage.Source.PipelineDigest, "sha256:")
	return strings.TrimSpace(fmt.Sprintf("%s 第%d版（%s）", d.Lineage.Source.Pipeline, d.Lineage.Source.PipelineNo, digest[:min(8, len(digest))]))
}

func decodeVersion(v Version) (d decoded, err error) {
	if err := json.Unmarshal([]byte(v.Schema), &d.Schema); err != nil {
		return d, fmt.Errorf("read the schema of %s: %w", v.ID, err)
	}
	if err := json.Unmarshal([]byte(v.Lineage), &d.Lineage); err != nil {
		return d, fmt.Errorf("read the lineage of %s: %w", v.ID, err)
	}
	return d, nil
}

// versionHistory lists the versions, the newest first, each with its difference from the one before.
func versionHistory(versions []Version) (procedure.Section, error) {
	s := procedure.Section{Kind: "panel", Panel: "versions", Title: "版本", Clause: "6.2.2", Columns: []procedure.Column{{Key: "n", Label: "版本", Kind: "int", Primary: true}, {Key: "id", Label: "版本标识", Kind: "code"},
		{Key: "rows", Label: "行数", Kind: "int"}, {Key: "quarantined", Label: "隔离行数", Kind: "int"}, {Key: "score", Label: "质量分", Kind: "percent"}, {Key: "created", Label: "产生时间", Kind: "datetime"}, {Key: "state", Label: "状态", Kind: "tag"}}}
	for i, v := range versions {
		row := map[string]any{"n": v.N, "id": v.ID, "rows": v.Rows, "quarantined": v.Quarantined, "score": v.Score, "created": v.Created, "state": StateLabel(v.State)}
		if i+1 < len(versions) {
			changes, err := Changes(versions[i+1], v)
			if err != nil {
				return s, err
			}
			if changes == nil {
				changes = []Change{}
			}
			row["changes"], row["against"] = changes, versions[i+1].N
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

// qualityTrend is the score and the six dimensions over the versions; nil with fewer than two.
func qualityTrend(versions []Version) (*procedure.Section, error) {
	if len(versions) < 2 {
		return nil, nil
	}
	s := &procedure.Section{Kind: "panel", Panel: "trend", Title: "质量变化", Clause: "6.2.2", Note: "每一版的质量分和各维度通过率；没有评到的维度不画。", Columns: []procedure.Column{{Key: "n", Label: "版本", Kind: "text", Primary: true}, {Key: "score", Label: "质量分", Kind: "percent"}}}
	for i := len(versions) - 1; i >= 0; i-- {
		q, err := versions[i].Report()
		if err != nil {
			return nil, err
		}
		row := map[string]any{"n": fmt.Sprintf("第%d版", versions[i].N), "score": versions[i].Score}
		for _, d := range q.Dimensions {
			if len(s.Columns) < 2+len(q.Dimensions) {
				s.Columns = append(s.Columns, procedure.Column{Key: string(d.Dimension), Label: d.Title, Kind: "percent"})
			}
			row[string(d.Dimension)] = rate(d.Ratio)
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

// rate is a ratio in basis points, "" where nothing was judged.
func rate(q quality.Ratio) any {
	if q.Denominator <= 0 {
		return ""
	}
	return q.Numerator * 10_000 / q.Denominator
}

// versionDetail shows one version: what it is, its steps, its quality, its columns.
func versionDetail(v Version) ([]procedure.Section, error) {
	list, err := Sections(v)
	if err != nil {
		return nil, err
	}
	steps, err := StepSection(v)
	if err != nil {
		return nil, err
	}
	q, err := v.Report()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("第%d版", v.N)
	dims := procedure.Section{Kind: "panel", Panel: "dimensions", Title: name + "质量：六个维度", Clause: "6.2.2", Note: "依据" + q.Standard + "；质量分为各已评维度通过率的平均数。展开可见每条规则的通过数和检查数。"}
	for _, d := range q.Dimensions {
		rules := []map[string]any{}
		for _, x := range d.Rules {
			rules = append(rules, map[string]any{"label": x.Label, "column": x.Column, "step": x.Step, "passed": x.Numerator, "total": x.Denominator, "rate": rate(x.Ratio)})
		}
		dims.Rows = append(dims.Rows, map[string]any{"dimension": d.Title, "passed": d.Numerator, "total": d.Denominator, "rate": rate(d.Ratio), "rules": rules})
	}
	profiles, err := profileSection(v, name)
	if err != nil {
		return nil, err
	}
	return []procedure.Section{list[0], steps, dims, profiles}, nil
}

// StepSection shows what every step of the pipeline did: rows in, changed, set aside and why.
func StepSection(v Version) (procedure.Section, error) {
	d, err := decodeVersion(v)
	if err != nil {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "panel", Panel: "stepcounts", Title: fmt.Sprintf("第%d版治理步骤", v.N), Clause: "6.2.2", Note: "隔离的行加密保存，不进入数据集；这里只有数目和原因。"}
	for _, x := range d.Lineage.Steps {
		s.Rows = append(s.Rows, map[string]any{"name": x.Name, "kind": x.Kind, "in": x.In, "changed": x.Changed, "quarantined": x.Quarantined, "out": x.Out, "reasons": x.Reasons})
	}
	return s, nil
}

// profileSection is the profile of every column. It hands on what the quality report holds, which
// names no value of a column that is not public.
func profileSection(v Version, name string) (procedure.Section, error) {
	var raw struct {
		Columns []map[string]any `json:"columns"`
	}
	if err := json.Unmarshal([]byte(v.Quality), &raw); err != nil {
		return procedure.Section{}, fmt.Errorf("read the profiles of %s: %w", v.ID, err)
	}
	s := procedure.Section{Kind: "panel", Panel: "profiles", Title: name + "字段画像", Clause: "6.2.2", Note: "最小、最大和平均值只对标签为“公开”的数字和日期给出；分布只画足够多的行（有保护单元的按单元数）构成的取值和区间；不同值个数为估计数。"}
	for _, c := range raw.Columns {
		if label, ok := c["label"].(string); ok {
			c["usage"] = usage[label]
		}
		s.Rows = append(s.Rows, c)
	}
	return s, nil
}
