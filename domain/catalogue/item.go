// Package catalogue holds the city's catalogue of public data resources (全市目录): items, their
// information items, versions and the rules within an item. See README.md.
package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pado/core/canon"
	"pado/core/store"
)

// Item is a catalogue item (目录项): one public data resource as a source department describes it.
type Item struct {
	ID, Code, Title               string
	List                          string // ListCity
	Division, SourceOrg           string
	SourceKind                    string // see SourceKinds
	SourceDept, SourceSystem      string
	Abstract                      string
	ClassCode, Class              string // 类项目细目 digits; subject class of GB/T 43697
	FormatClass, FormatType       string
	ShareType                     string // "1" unconditional, "2" conditional, "3" not shared
	ShareCondition, ShareMode     string
	OpenType, OpenCondition       string
	UpdateCycle                   string
	Grade                         string // core, important, general
	Sublevel                      int    // 1 to 4 of general data; 0 otherwise
	GradeReason                   string
	Personal, Sensitive           bool   // follow from the fields
	SourceRelation, SourceOrigin  string // own or shared_in; the unit it was shared by
	ConsentDoc, LegalBasis        string
	Authorisable                  string // yes, conditional, no
	AuthoriseCondition            string
	AuthoriseBasis                string
	RegistrationNo                string // 登记确认单编号 of the national registration, opaque
	Related                       string
	State                         string // StatePublished or StateWithdrawn
	Version                       int
	Digest                        string
	Published, Updated, Withdrawn store.Time
	CaseNo                        string
	Impact, Degree                string  // what the grade was derived from, see Impacts and Degrees
	Elements                      string  // grading elements of GB/T 43697 as JSON of []Element
	DowngradeDoc, DowngradeReason string  // the evaluation that allows less than the matrix asks for
	OriginCode                    string  // code in the provincial catalogue the item came with
	Score                         int     // of the description, in ten-thousandths, see Quality
	Fields                        []Field `json:"fields"`
}

const itemColumns = `id, code, title, list, division, source_org, source_kind, source_dept, source_system, abstract, class_code, class,
	format_class, format_type, share_type, share_condition, share_mode, open_type, open_condition, update_cycle, grade, sublevel, grade_reason,
	personal, sensitive, source_relation, source_origin, consent_doc, legal_basis, authorisable, authorise_condition, authorise_basis,
	registration_no, related, state, version, digest, published, updated, withdrawn, case_no, impact, degree, elements, downgrade_doc, downgrade_reason,
	origin_code, score`

// row is the item in the order of itemColumns.
func (it Item) row() []any {
	return []any{it.ID, it.Code, it.Title, it.List, it.Division, it.SourceOrg, it.SourceKind, it.SourceDept, it.SourceSystem, it.Abstract, it.ClassCode, it.Class,
		it.FormatClass, it.FormatType, it.ShareType, it.ShareCondition, it.ShareMode, it.OpenType, it.OpenCondition, it.UpdateCycle, it.Grade, it.Sublevel, it.GradeReason,
		it.Personal, it.Sensitive, it.SourceRelation, it.SourceOrigin, it.ConsentDoc, it.LegalBasis, it.Authorisable, it.AuthoriseCondition, it.AuthoriseBasis,
		it.RegistrationNo, it.Related, it.State, it.Version, it.Digest, it.Published, it.Updated, it.Withdrawn, it.CaseNo, it.Impact, it.Degree, it.Elements,
		it.DowngradeDoc, it.DowngradeReason, it.OriginCode, it.Score}
}

// Element is one of the grading elements (分级要素) with what was found about it.
type Element struct {
	Element string `json:"element"` // see Elements
	Say     string `json:"say"`
}

// ReadElements reads the grading elements.
func (it Item) ReadElements() (out []Element, err error) {
	if it.Elements == "" {
		return nil, nil
	}
	return out, json.Unmarshal([]byte(it.Elements), &out)
}

func (it Item) elementsText() string {
	list, err := it.ReadElements()
	if err != nil {
		return ""
	}
	var parts []string
	for _, e := range list {
		parts = append(parts, label(Elements, e.Element)+"："+e.Say)
	}
	return strings.Join(parts, "；")
}

// Field is one information item (信息项) of a catalogue item.
type Field struct {
	Item                string `json:"-"`
	N                   int    `json:"n"`
	Name                string `json:"name"`  // as programs say it
	Label               string `json:"label"` // as people say it
	Type                string `json:"type"`  // see FieldTypes
	Length              int    `json:"length"`
	IsKey, Nullable     bool
	Personal, Sensitive bool
	Shared, Open        bool
	Authorisable        bool   // may be granted to a developer
	Note                string `json:"note,omitempty"` // what it means, in the source's words
}

const fieldColumns = `item, n, name, label, type, length, is_key, nullable, personal, sensitive, shared, open, authorisable, note`

// Stored words.
const (
	ListCity       = "city"
	StatePublished = "published"
	StateWithdrawn = "withdrawn"
	OwnData        = "own"
	SharedIn       = "shared_in"
	GradeCore      = "core"
	GradeImportant = "important"
	GradeGeneral   = "general"
	AuthoriseYes   = "yes"
	AuthoriseSome  = "conditional"
	AuthoriseNo    = "no"
)

// ByID reads an item with its fields; store.ErrNotFound when there is none.
func ByID(r *store.ReadTx, id string) (Item, error) {
	var it Item
	if err := r.Get(&it, `SELECT `+itemColumns+` FROM catalogue_item WHERE id = $1`, id); err != nil {
		return it, err
	}
	return it, r.Select(&it.Fields, `SELECT `+fieldColumns+` FROM catalogue_field WHERE item = $1 ORDER BY n`, id)
}

// Code is the resource code of the guide to catalogues: class digits, a slash, a running number.
func Code(classCode string, n int64) string { return fmt.Sprintf("%s/%06d", classCode, n) }

// digest is the SHA-256 over the canonical form of everything a reader sees of the item.
func (it Item) digest() (string, error) {
	m := it.content()
	for i, f := range it.Fields {
		b, err := json.Marshal(f)
		if err != nil {
			return "", err
		}
		m["field."+strconv.Itoa(i)] = string(b)
	}
	b, err := canon.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("canonical form of a catalogue item: %w", err)
	}
	return canon.Digest(b), nil
}

// content lists the described properties by the name of their form field.
func (it Item) content() map[string]any {
	m := map[string]any{}
	for _, p := range properties {
		if v := p.of(it); v != "" || !p.later {
			m[p.name] = v
		}
	}
	return m
}

// property is one described property of an item, for digests and differences.
type property struct {
	name, label string
	of          func(Item) string
	later       bool // added after digests were on record: it counts when it is filled
}

var properties = []property{
	{name: "title", label: "资源名称", of: func(i Item) string { return i.Title }},
	{name: "classCode", label: "资源分类代码", of: func(i Item) string { return i.ClassCode }},
	{name: "class", label: "数据分类", of: func(i Item) string { return i.Class }},
	{name: "sourceKind", label: "提供方类型", of: func(i Item) string { return label(SourceKinds, i.SourceKind) }},
	{name: "sourceDept", label: "提供方内部部门", of: func(i Item) string { return i.SourceDept }},
	{name: "sourceSystem", label: "所属系统", of: func(i Item) string { return i.SourceSystem }},
	{name: "abstract", label: "资源摘要", of: func(i Item) string { return i.Abstract }},
	{name: "formatClass", label: "格式分类", of: func(i Item) string { return label(FormatClasses, i.FormatClass) }},
	{name: "formatType", label: "格式类型", of: func(i Item) string { return i.FormatType }},
	{name: "shareType", label: "共享类型", of: func(i Item) string { return label(ShareTypes, i.ShareType) }},
	{name: "shareCondition", label: "共享条件", of: func(i Item) string { return i.ShareCondition }},
	{name: "shareMode", label: "共享方式", of: func(i Item) string { return label(ShareModes, i.ShareMode) }},
	{name: "openType", label: "开放类型", of: func(i Item) string { return label(OpenTypes, i.OpenType) }},
	{name: "openCondition", label: "开放条件", of: func(i Item) string { return i.OpenCondition }},
	{name: "updateCycle", label: "更新周期", of: func(i Item) string { return label(Cycles, i.UpdateCycle) }},
	{name: "grade", label: "数据级别", of: func(i Item) string { return label(Grades, i.Grade) }},
	{name: "sublevel", label: "一般数据细分级别", of: func(i Item) string { return sublevelLabel(i.Sublevel) }},
	{name: "gradeReason", label: "定级依据", of: func(i Item) string { return i.GradeReason }},
	{name: "sourceRelation", label: "来源关系", of: func(i Item) string { return label(Relations, i.SourceRelation) }},
	{name: "sourceOrigin", label: "共享来源单位", of: func(i Item) string { return i.SourceOrigin }},
	{name: "consentDoc", label: "来源单位同意文件", of: func(i Item) string { return i.ConsentDoc }},
	{name: "legalBasis", label: "法律依据或委托文件", of: func(i Item) string { return i.LegalBasis }},
	{name: "authorisable", label: "授权属性", of: func(i Item) string { return label(Authorisables, i.Authorisable) }},
	{name: "authoriseCondition", label: "授权条件", of: func(i Item) string { return i.AuthoriseCondition }},
	{name: "authoriseBasis", label: "授权依据", of: func(i Item) string { return i.AuthoriseBasis }},
	{name: "registrationNo", label: "登记确认单编号", of: func(i Item) string { return i.RegistrationNo }},
	{name: "related", label: "关联资源代码", of: func(i Item) string { return i.Related }},
	{name: "impact", label: "受危害的对象", of: func(i Item) string { return label(Impacts, i.Impact) }, later: true},
	{name: "degree", label: "危害程度", of: func(i Item) string { return label(Degrees, i.Degree) }, later: true},
	{name: "elements", label: "分级要素", of: Item.elementsText, later: true},
	{name: "downgradeDoc", label: "降级评估文号", of: func(i Item) string { return i.DowngradeDoc }, later: true},
	{name: "downgradeReason", label: "降级理由", of: func(i Item) string { return i.DowngradeReason }, later: true},
	{name: "originCode", label: "省级目录资源代码", of: func(i Item) string { return i.OriginCode }, later: true},
}

func sublevelLabel(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n) + "级"
}

func missing(err error) bool { return errors.Is(err, store.ErrNotFound) }

// Redigest is the digest of the item as it stands, to be compared with the one on record.
func (it Item) Redigest() (string, error) { return it.digest() }
