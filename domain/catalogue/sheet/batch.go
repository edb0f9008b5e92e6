package sheet

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"

	"pado/core/audit"
	"pado/core/canon"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/catalogue"
)

// Kinds of a batch.
const (
	BySource   = "source"   // a source compiles many items at once
	ByProvince = "province" // the data authority takes over a file of the provincial catalogue
)

// Batch is a file with many items on its way into the catalogue.
type Batch struct {
	ID, Kind, CaseNo      string
	File, Name, SHA256    string
	Org, Division, Person string
	State, Message        string // reading, read, failed, applied; why it failed
	Items, Faults         string // JSON of []Line and []Fault
	Digest, Marked        string // of the comparison that was put forward; attachment with the cells marked
	At                    store.Time
}

const batchColumns = `id, kind, case_no, file, name, sha256, org, division, person, state, message, items, faults, digest, marked, at`

// Last is the newest batch of a case; store.ErrNotFound when there is none.
func Last(r *store.ReadTx, caseNo string) (b Batch, err error) {
	return b, r.Get(&b, `SELECT `+batchColumns+` FROM catalogue_batch WHERE case_no = $1 ORDER BY at DESC, id DESC LIMIT 1`, caseNo)
}

func (b Batch) lines() (out []Line, err error) {
	return out, json.Unmarshal([]byte(b.Items), &out)
}

// ReadFaults are the faults of the file.
func (b Batch) ReadFaults() (out []Fault, err error) {
	return out, json.Unmarshal([]byte(b.Faults), &out)
}

// Open enters an uploaded file as the batch of a case, to be read by a job.
func Open(w *store.Tx, b Batch) (Batch, error) {
	n, err := w.Next("catalogue_batch")
	if err != nil {
		return b, err
	}
	b.ID, b.State, b.At = fmt.Sprintf("cb-%06d", n), "reading", store.At(w.Now())
	if err := w.Get(&b, `SELECT name, sha256 FROM attachment WHERE id = $1`, b.File); err != nil {
		return b, err
	}
	_, err = w.Exec(`INSERT INTO catalogue_batch (`+batchColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,'','[]','[]','','',$11)`,
		b.ID, b.Kind, b.CaseNo, b.File, b.Name, b.SHA256, b.Org, b.Division, b.Person, b.State, b.At)
	return b, err
}

// What a line does to the catalogue.
const (
	New       = "new"
	Changed   = "changed"
	Same      = "same"
	Withdrawn = "withdrawn"
)

// Kinds names them.
var Kinds = []procedure.Option{{Value: New, Label: "新增"}, {Value: Changed, Label: "变更"}, {Value: Withdrawn, Label: "撤销"}, {Value: Same, Label: "不变"}}

// Planned is what one item of the catalogue will be.
type Planned struct {
	Kind    string             `json:"kind"`
	Row     int                `json:"row"`
	Item    string             `json:"item"` // id; empty for a new one
	Code    string             `json:"code"`
	Title   string             `json:"title"`
	Version int                `json:"version"`
	Changes []procedure.Change `json:"changes"`
	Next    catalogue.Item     `json:"-"`
}

// Comparison is what a batch would do to the catalogue as it stands.
type Comparison struct {
	Planned []Planned
	Faults  []placed // of lines that cannot stand in the catalogue
	Digest  string   // over everything that would be done
}

type placed struct {
	line                  Line
	path, clause, message string
}

// Count is how many items are planned to be of a kind.
func (c Comparison) Count(kind string) (n int) {
	for _, p := range c.Planned {
		if p.Kind == kind {
			n++
		}
	}
	return n
}

// Compare holds the lines of a batch against the catalogue. With whole set, items of the sources that
// the file names (of those that came with a provincial catalogue, for such a file) which it does not
// list are to be withdrawn. caseNo is what the items are entered under.
func Compare(r *store.ReadTx, b Batch, lines []Line, whole bool) (Comparison, error) {
	var c Comparison
	seen, taken, sources := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, l := range lines {
		bad := func(path, clause, message string) { c.Faults = append(c.Faults, placed{l, path, clause, message}) }
		org, say, err := provider(r, b, l)
		if err != nil {
			return c, err
		}
		if say != "" {
			bad("provider", "7.2b", say)
			continue
		}
		sources[org] = true
		if seen[org+"\n"+l.Item.Title] {
			bad("title", "7.2b", "文件中同一提供方有两个同名的资源")
			continue
		}
		seen[org+"\n"+l.Item.Title] = true
		old, say, err := existing(r, b, l, org)
		if err != nil {
			return c, err
		}
		if say != "" {
			bad("code", "7.2b", say)
			continue
		}
		next := merged(old, l, b.Kind)
		next.SourceOrg, next.Division, next.CaseNo, next.State = org, b.Division, b.CaseNo, catalogue.StatePublished
		if b.Kind == ByProvince { // the item stays where its source is, which may be a county of the city
			if next.Division, err = divisionOf(r, old, org); err != nil {
				return c, err
			}
		}
		if old.ID == "" {
			for _, col := range columns {
				if col.required && !col.field && !l.Given[col.id()] && !defaulted[col.key] {
					bad(col.key, "7.2b", "新增资源须有“"+col.label+"”一列")
				}
			}
		}
		for _, p := range catalogue.Problems(next) {
			bad(p.Path, p.Clause, p.Message)
		}
		if old.ID == "" {
			there, err := r.Exists(`SELECT 1 FROM catalogue_item WHERE source_org = $1 AND title = $2 AND state = 'published'`, org, next.Title)
			if err != nil {
				return c, err
			}
			if there {
				bad("title", "7.2b", "本单位已有同名的目录项，请填写其资源代码办理变更")
				continue
			}
		} else if taken[old.ID] {
			bad("code", "7.2b", "文件中有两行指向同一个目录项")
			continue
		}
		taken[old.ID] = true
		p := Planned{Kind: New, Row: l.Row, Item: old.ID, Code: old.Code, Title: next.Title, Version: old.Version, Next: next}
		next.Derive()
		old.GradeReason, next.GradeReason = "", ""
		p.Changes = catalogue.Differences(old, next)
		if old.ID != "" {
			if p.Kind = Changed; len(p.Changes) == 0 {
				p.Kind = Same
			}
		}
		c.Planned = append(c.Planned, p)
	}
	if whole {
		gone, err := missing(r, b, sources, taken)
		if err != nil {
			return c, err
		}
		c.Planned = append(c.Planned, gone...)
	}
	raw, err := json.Marshal(c.Planned)
	if err != nil {
		return c, err
	}
	c.Digest = canon.Digest(raw)
	return c, nil
}

// defaulted are the required columns that a file may lack: what they say follows from elsewhere or
// has a careful default.
var defaulted = map[string]bool{"secret": true, "authorisable": true, "sourceRelation": true, "sourceKind": true, "openType": true}

func provider(r *store.ReadTx, b Batch, l Line) (org, say string, err error) {
	if b.Kind == BySource {
		if l.USCC == "" {
			return b.Org, "", nil
		}
		ok, err := r.Exists(`SELECT 1 FROM org WHERE id = $1 AND uscc = $2`, b.Org, l.USCC)
		if err == nil && !ok {
			say = "提供方代码不是本单位的统一社会信用代码，本单位只能编制自己的目录"
		}
		return b.Org, say, err
	}
	if l.USCC == "" && l.Provider == "" {
		return "", "请填写提供方代码或提供方", nil
	}
	args := []any{l.USCC, l.Provider}
	within := register.Within("x.division", b.Division, func(v any) string { args = append(args, v); return fmt.Sprintf("$%d", len(args)) })
	err = r.Get(&org, `SELECT o.id FROM org o JOIN org_role x ON x.org = o.id AND x.role = 'source' AND x.until IS NULL
		WHERE o.status = 'active' AND (($1 <> '' AND o.uscc = $1) OR ($1 = '' AND o.name = $2)) AND `+within+` ORDER BY o.id LIMIT 1`, args...)
	if errors.Is(err, store.ErrNotFound) {
		return "", "提供方尚未作为本区划的数源部门入驻本平台，请先办理主体认证", nil
	}
	return org, "", err
}

func divisionOf(r *store.ReadTx, old catalogue.Item, org string) (division string, err error) {
	if old.ID != "" {
		return old.Division, nil
	}
	return division, r.Get(&division, `SELECT division FROM org_role WHERE org = $1 AND role = 'source' AND until IS NULL ORDER BY division LIMIT 1`, org)
}

// existing finds the item a line is about: by its code, by the code it has in the province's
// catalogue, or by its title. An empty item when it is new.
func existing(r *store.ReadTx, b Batch, l Line, org string) (catalogue.Item, string, error) {
	find := func(cond string, args ...any) (string, error) {
		var item string
		err := r.Get(&item, `SELECT id FROM catalogue_item WHERE state = 'published' AND source_org = $1 AND `+cond+` ORDER BY id LIMIT 1`, append([]any{org}, args...)...)
		if errors.Is(err, store.ErrNotFound) {
			return "", nil
		}
		return item, err
	}
	var item string
	var err error
	if l.Item.Code != "" {
		if item, err = find(`(code = $2 OR origin_code = $2)`, l.Item.Code); err != nil {
			return catalogue.Item{}, "", err
		}
		if item == "" && b.Kind == BySource {
			return catalogue.Item{}, "本单位没有这个资源代码的目录项；新编的请留空", nil
		}
	}
	if item == "" && b.Kind == ByProvince {
		if item, err = find(`title = $2`, l.Item.Title); err != nil {
			return catalogue.Item{}, "", err
		}
	}
	if item == "" {
		return catalogue.Item{}, "", nil
	}
	it, err := catalogue.ByID(r, item)
	return it, "", err
}

// merged is the item as the line has it, keeping of the existing one what the file has no column for.
func merged(old catalogue.Item, l Line, kind string) catalogue.Item {
	next := l.Item
	next.Code = old.Code
	keep := func(key string, to *string, from string) {
		if !l.Given[key] {
			*to = from
		}
	}
	for key, at := range map[string][2]*string{"classCode": {&next.ClassCode, &old.ClassCode}, "class": {&next.Class, &old.Class}, "sourceKind": {&next.SourceKind, &old.SourceKind},
		"sourceDept": {&next.SourceDept, &old.SourceDept}, "sourceSystem": {&next.SourceSystem, &old.SourceSystem}, "abstract": {&next.Abstract, &old.Abstract},
		"formatClass": {&next.FormatClass, &old.FormatClass}, "formatType": {&next.FormatType, &old.FormatType}, "updateCycle": {&next.UpdateCycle, &old.UpdateCycle},
		"shareType": {&next.ShareType, &old.ShareType}, "shareCondition": {&next.ShareCondition, &old.ShareCondition}, "shareMode": {&next.ShareMode, &old.ShareMode},
		"openType": {&next.OpenType, &old.OpenType}, "openCondition": {&next.OpenCondition, &old.OpenCondition}, "impact": {&next.Impact, &old.Impact},
		"degree": {&next.Degree, &old.Degree}, "grade": {&next.Grade, &old.Grade}, "elements": {&next.Elements, &old.Elements}, "downgradeDoc": {&next.DowngradeDoc, &old.DowngradeDoc},
		"downgradeReason": {&next.DowngradeReason, &old.DowngradeReason}, "sourceRelation": {&next.SourceRelation, &old.SourceRelation}, "sourceOrigin": {&next.SourceOrigin, &old.SourceOrigin},
		"authorisable": {&next.Authorisable, &old.Authorisable}, "authoriseCondition": {&next.AuthoriseCondition, &old.AuthoriseCondition}, "authoriseBasis": {&next.AuthoriseBasis, &old.AuthoriseBasis},
		"legalBasis": {&next.LegalBasis, &old.LegalBasis}, "registrationNo": {&next.RegistrationNo, &old.RegistrationNo}, "related": {&next.Related, &old.Related}} {
		keep(key, at[0], *at[1])
	}
	if !l.Given["sublevel"] {
		next.Sublevel = old.Sublevel
	}
	// The consent of the unit that shared the data comes as a document, in the procedure of one item.
	// It holds for the unit that gave it: another origin takes another consent.
	next.ConsentDoc, next.OriginCode = old.ConsentDoc, old.OriginCode
	if next.SourceOrigin != old.SourceOrigin {
		next.ConsentDoc = ""
	}
	if kind == ByProvince {
		sourcesWord(&next, old)
	}
	if kind == ByProvince && l.Item.Code != "" && l.Item.Code != old.Code {
		next.OriginCode = l.Item.Code
	}
	for to, value := range map[*string]string{&next.Authorisable: catalogue.AuthoriseNo, &next.SourceRelation: catalogue.OwnData, &next.SourceKind: "organ", &next.OpenType: "none"} {
		if *to == "" {
			*to = value
		}
	}
	before := map[string]catalogue.Field{}
	for _, f := range old.Fields {
		before[f.Name] = f
	}
	next.Fields = append([]catalogue.Field(nil), l.Item.Fields...)
	for i, f := range next.Fields {
		was := before[f.Name]
		for key, at := range map[string][2]*bool{"key": {&f.IsKey, &was.IsKey}, "nullable": {&f.Nullable, &was.Nullable}, "personal": {&f.Personal, &was.Personal},
			"sensitive": {&f.Sensitive, &was.Sensitive}, "shared": {&f.Shared, &was.Shared}, "open": {&f.Open, &was.Open}, "authorisable": {&f.Authorisable, &was.Authorisable}} {
			if !l.Given["fields."+key] {
				*at[0] = *at[1]
			}
		}
		if !l.Given["fields.note"] {
			f.Note = was.Note
		}
		if kind == ByProvince {
			f.Authorisable, f.Personal, f.Sensitive = was.Authorisable, f.Personal || was.Personal, f.Sensitive || was.Sensitive
		}
		next.Fields[i] = f
	}
	return next
}

// sourcesWord keeps what the source alone says of its data, after its own first review (9.1, 11.2):
// whether they may be authorised, and the grade of an item that has one.
func sourcesWord(next *catalogue.Item, old catalogue.Item) {
	next.Authorisable, next.AuthoriseCondition, next.AuthoriseBasis = old.Authorisable, old.AuthoriseCondition, old.AuthoriseBasis
	if old.ID == "" {
		return
	}
	next.Impact, next.Degree, next.Grade, next.Sublevel, next.Elements = old.Impact, old.Degree, old.Grade, old.Sublevel, old.Elements
	next.DowngradeDoc, next.DowngradeReason = old.DowngradeDoc, old.DowngradeReason
}

// missing plans the withdrawal of what a whole file does not list any more.
func missing(r *store.ReadTx, b Batch, sources, taken map[string]bool) ([]Planned, error) {
	var orgs []string
	for org := range sources {
		orgs = append(orgs, org)
	}
	sort.Strings(orgs)
	var out []Planned
	for _, org := range orgs {
		cond := ""
		if b.Kind == ByProvince {
			cond = ` AND origin_code <> ''`
		}
		var rows []struct {
			ID, Code, Title string
			Version         int
		}
		if err := r.Select(&rows, `SELECT id, code, title, version FROM catalogue_item WHERE source_org = $1 AND state = 'published'`+cond+` ORDER BY id`, org); err != nil {
			return nil, err
		}
		for _, x := range rows {
			if !taken[x.ID] {
				out = append(out, Planned{Kind: Withdrawn, Item: x.ID, Code: x.Code, Title: x.Title, Version: x.Version,
					Changes: []procedure.Change{{Field: "state", Label: "状态", Before: "已发布", After: "已撤销"}}})
			}
		}
	}
	return out, nil
}

// Put notes which comparison was put forward for decision.
func Put(w *store.Tx, b Batch, digest string) error {
	return w.ExecOne(`UPDATE catalogue_batch SET digest = $1 WHERE id = $2 AND state = 'read'`, digest, b.ID)
}

// Apply carries out a comparison: what is new is published, what changed gets its next version, what
// is gone is withdrawn. store.ErrConflict when an item has moved on since. Crash state: all or nothing.
func Apply(w *store.Tx, b Batch, c Comparison, by string) error {
	if err := catalogue.InBulk(w, func(k *catalogue.Bulk) error {
		for _, p := range c.Planned {
			var err error
			switch p.Kind {
			case New:
				_, err = k.Publish(p.Next, "批量编目："+b.Name, by)
			case Changed:
				_, err = k.Change(p.Item, p.Version, p.Next, "批量编目："+b.Name, by)
			case Withdrawn:
				_, err = k.Withdraw(p.Item, "未列入全量目录文件："+b.Name, b.CaseNo, by)
			}
			if err != nil {
				return fmt.Errorf("line %d of %s: %w", p.Row, b.ID, err)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := w.ExecOne(`UPDATE catalogue_batch SET state = 'applied' WHERE id = $1 AND state = 'read'`, b.ID); err != nil {
		return err
	}
	w.Record(audit.Entry{Type: "catalogue.batch", Actor: by, Org: b.Org, Object: b.ID, Action: "apply", Clause: "7.2b", Result: audit.Done,
		Detail: map[string]string{"case": b.CaseNo, "file": b.SHA256, "plan": c.Digest, "new": fmt.Sprint(c.Count(New)), "changed": fmt.Sprint(c.Count(Changed)), "withdrawn": fmt.Sprint(c.Count(Withdrawn))}})
	return nil
}

// Plan compares a batch that was read with the catalogue as it stands.
func Plan(r *store.ReadTx, b Batch, whole bool) (Comparison, error) {
	lines, err := b.lines()
	if err != nil {
		return Comparison{}, err
	}
	return Compare(r, b, lines, whole)
}
