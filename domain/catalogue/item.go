// Package catalogue holds the city's catalogue of public data resources (全市目录): items, their
// information items, versions and the rules within an item. See README.md.
package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

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
	Impact, Degree                string  `json:"-"` // what the grade was derived from; kept in GradeReason
	Fields                        []Field `json:"fields"`
}

const itemColumns = `id, code, title, list, division, source_org, source_kind, source_dept, source_system, abstract, class_code, class,
	format_class, format_type, share_type, share_condition, share_mode, open_type, open_condition, update_cycle, grade, sublevel, grade_reason,
	personal, sensitive, source_relation, source_origin, consent_doc, legal_basis, authorisable, authorise_condition, authorise_basis,
	registration_no, related, state, version, digest, published, updated, withdrawn, case_no`

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
	Authorisable        bool // may be granted to a developer
}

const fieldColumns = `item, n, name, label, type, length, is_key, nullable, personal, sensitive, shared, open, authorisable`

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
		m[p.name] = p.of(it)
	}
	return m
}

// property is one described property of an item, for digests and differences.
type property struct {
	name, label string
	of          func(Item) string
}

var properties = []property{
	{"title", "资源名称", func(i Item) string { return i.Title }},
	{"classCode", "资源分类代码", func(i Item) string { return i.ClassCode }},
	{"class", "数据分类", func(i Item) string { return i.Class }},
	{"sourceKind", "提供方类型", func(i Item) string { return label(SourceKinds, i.SourceKind) }},
	{"sourceDept", "提供方内部部门", func(i Item) string { return i.SourceDept }},
	{"sourceSystem", "所属系统", func(i Item) string { return i.SourceSystem }},
	{"abstract", "资源摘要", func(i Item) string { return i.Abstract }},
	{"formatClass", "格式分类", func(i Item) string { return label(FormatClasses, i.FormatClass) }},
	{"formatType", "格式类型", func(i Item) string { return i.FormatType }},
	{"shareType", "共享类型", func(i Item) string { return label(ShareTypes, i.ShareType) }},
	{"shareCondition", "共享条件", func(i Item) string { return i.ShareCondition }},
	{"shareMode", "共享方式", func(i Item) string { return label(ShareModes, i.ShareMode) }},
	{"openType", "开放类型", func(i Item) string { return label(OpenTypes, i.OpenType) }},
	{"openCondition", "开放条件", func(i Item) string { return i.OpenCondition }},
	{"updateCycle", "更新周期", func(i Item) string { return label(Cycles, i.UpdateCycle) }},
	{"grade", "数据级别", func(i Item) string { return label(Grades, i.Grade) }},
	{"sublevel", "一般数据细分级别", func(i Item) string { return sublevelLabel(i.Sublevel) }},
	{"gradeReason", "定级依据", func(i Item) string { return i.GradeReason }},
	{"sourceRelation", "来源关系", func(i Item) string { return label(Relations, i.SourceRelation) }},
	{"sourceOrigin", "共享来源单位", func(i Item) string { return i.SourceOrigin }},
	{"consentDoc", "来源单位同意文件", func(i Item) string { return i.ConsentDoc }},
	{"legalBasis", "法律依据或委托文件", func(i Item) string { return i.LegalBasis }},
	{"authorisable", "授权属性", func(i Item) string { return label(Authorisables, i.Authorisable) }},
	{"authoriseCondition", "授权条件", func(i Item) string { return i.AuthoriseCondition }},
	{"authoriseBasis", "授权依据", func(i Item) string { return i.AuthoriseBasis }},
	{"registrationNo", "登记确认单编号", func(i Item) string { return i.RegistrationNo }},
	{"related", "关联资源代码", func(i Item) string { return i.Related }},
}

func sublevelLabel(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n) + "级"
}

func missing(err error) bool { return errors.Is(err, store.ErrNotFound) }
