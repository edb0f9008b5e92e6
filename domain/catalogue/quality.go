package catalogue

import (
	"fmt"
	"unicode/utf8"

	"pado/core/procedure"
)

// Measure is one part of the score of a description: Got of Of points count with Weight percent.
type Measure struct {
	Label, Rule string
	Got, Of     int
	Weight      int
}

// Measures are the parts of a score with the score itself, in ten-thousandths.
type Measures struct {
	Parts []Measure
	Score int
}

// Quality scores how well an item is described, from the description alone, so that anybody can
// reckon it again: the sum of weight × got ÷ of over the parts (clause 7.2b). How good the data
// are is another thing, see the quality report of a dataset version.
func (it Item) Quality() Measures {
	got := func(conditions ...bool) (n, of int) {
		for _, c := range conditions {
			if c {
				n++
			}
		}
		return n, len(conditions)
	}
	var m Measures
	part := func(weight int, label, rule string, n, of int) {
		m.Parts = append(m.Parts, Measure{label, rule, n, of, weight})
		if of > 0 {
			m.Score += weight * 100 * n / of
		}
	}
	n, of := got(utf8.RuneCountInString(it.Abstract) >= 20, it.Class != "", it.SourceDept != "", it.SourceSystem != "", it.AuthoriseBasis != "",
		it.RegistrationNo != "" || it.Authorisable == AuthoriseNo)
	part(30, "基本信息完整", "摘要不少于20字，分类、内部部门、所属系统、授权依据已填，拟授权的已登记", n, of)
	noted, typed := 0, 0
	for _, f := range it.Fields {
		if f.Note != "" {
			noted++
		}
		if nameShape.MatchString(f.Name) && ((f.Type != "C" && f.Type != "N") || f.Length > 0) {
			typed++
		}
	}
	part(30, "信息项有释义", "有释义的信息项数 ÷ 信息项数", noted, max(1, len(it.Fields)))
	part(15, "信息项规范", "英文名、类型、长度规范的信息项数 ÷ 信息项数", typed, max(1, len(it.Fields)))
	elements, err := it.ReadElements()
	n, of = got(it.Impact != "", it.Degree != "", err == nil && len(elements) > 0, err == nil && len(elements) >= 3)
	part(15, "分级有据", "危害对象、危害程度已填，分级要素不少于一项、不少于三项", n, of)
	n, of = got(anyField(it, func(f Field) bool { return f.IsKey }), it.UpdateCycle != "irregular")
	part(10, "便于使用", "标明主键，有固定的更新周期", n, of)
	return m
}

// QualitySection shows the score with everything needed to reckon it again.
func (m Measures) QualitySection() procedure.Section {
	s := procedure.Section{Kind: "table", Title: fmt.Sprintf("目录质量分：%d.%02d", m.Score/100, m.Score%100), Clause: "7.2b",
		Note: "质量分 = 各项权重 × 得分 ÷ 满分之和，只评目录的编制，不评数据本身。",
		Columns: []procedure.Column{{Key: "part", Label: "评分项", Kind: "text", Primary: true}, {Key: "rule", Label: "规则", Kind: "text"},
			{Key: "got", Label: "得分", Kind: "int"}, {Key: "of", Label: "满分", Kind: "int"}, {Key: "weight", Label: "权重", Kind: "percent"}}}
	for _, p := range m.Parts {
		s.Rows = append(s.Rows, map[string]any{"part": p.Label, "rule": p.Rule, "got": p.Got, "of": p.Of, "weight": int64(p.Weight * 100)})
	}
	return s
}
