package catalogue

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"pado/core/audit"
	"pado/core/procedure"
	"pado/core/store"
)

// Publish enters a new item in the city's catalogue under a new code as version 1 (clause 7.2b).
// It fills ID, Code, List, State, Version, Digest and the times. The item must have no Problems.
// store.ErrConflict: the source has a published item of this title. Crash state: all or nothing.
func Publish(w *store.Tx, it Item, reason, by string) (out Item, err error) {
	return out, InBulk(w, func(b *Bulk) error { out, err = b.Publish(it, reason, by); return err })
}

// Publish is the package's Publish, with the index brought up to date at the end of the bulk.
func (b *Bulk) Publish(it Item, reason, by string) (Item, error) {
	w := b.w
	n, err := w.Next("catalogue")
	if err != nil {
		return it, err
	}
	in, err := w.Next("catalogue/" + it.ClassCode)
	if err != nil {
		return it, err
	}
	it.ID, it.Code, it.List = fmt.Sprintf("it-%06d", n), Code(it.ClassCode, in), ListCity
	it.State, it.Version, it.Published = StatePublished, 1, store.At(w.Now())
	if err := it.settle(w); err != nil {
		return it, err
	}
	values := it.row()
	marks := make([]string, len(values))
	for i := range marks {
		marks[i] = "$" + strconv.Itoa(i+1)
	}
	if _, err := w.Exec(`INSERT INTO catalogue_item (`+itemColumns+`) VALUES (`+strings.Join(marks, ",")+`)`, values...); err != nil {
		return it, err
	}
	if err := it.putFields(w); err != nil {
		return it, err
	}
	if err := b.reindex(nil, &it); err != nil {
		return it, err
	}
	return it, it.version(w, "publish", reason, by, Differences(Item{}, it))
}

// Change replaces the description of a published item by its next version; id, code, source and
// list stay. version is the one the change was made from: store.ErrConflict when the item has
// moved on or is withdrawn.
func Change(w *store.Tx, id string, version int, it Item, reason, by string) (out Item, err error) {
	return out, InBulk(w, func(b *Bulk) error { out, err = b.Change(id, version, it, reason, by); return err })
}

// Change is the package's Change, with the index brought up to date at the end of the bulk.
func (b *Bulk) Change(id string, version int, it Item, reason, by string) (Item, error) {
	w := b.w
	if err := w.Lock("catalogue_item", "id", id); err != nil {
		return it, err
	}
	old, err := ByID(&w.ReadTx, id)
	if err != nil {
		return it, err
	}
	it.ID, it.Code, it.List, it.State, it.Division, it.SourceOrg = old.ID, old.Code, old.List, old.State, old.Division, old.SourceOrg
	it.Version, it.Published, it.Withdrawn = old.Version+1, old.Published, old.Withdrawn
	if it.OriginCode == "" {
		it.OriginCode = old.OriginCode
	}
	if err := it.settle(w); err != nil {
		return it, err
	}
	if old.State != StatePublished || old.Version != version {
		return it, fmt.Errorf("%s is at version %d: %w", id, old.Version, store.ErrConflict)
	}
	var set []string
	var args []any
	values := it.row()
	for i, col := range strings.Split(itemColumns, ",") {
		if col = strings.TrimSpace(col); col == "id" || col == "withdrawn" {
			continue
		}
		args = append(args, values[i])
		set = append(set, col+"=$"+strconv.Itoa(len(args)))
	}
	args = append(args, id, version)
	if err := w.ExecOne(`UPDATE catalogue_item SET `+strings.Join(set, ", ")+fmt.Sprintf(` WHERE id=$%d AND version=$%d`, len(args)-1, len(args)), args...); err != nil {
		return it, err
	}
	if _, err := w.Exec(`DELETE FROM catalogue_field WHERE item = $1`, id); err != nil {
		return it, err
	}
	if err := it.putFields(w); err != nil {
		return it, err
	}
	if err := b.reindex(&old, &it); err != nil {
		return it, err
	}
	return it, it.version(w, "change", reason, by, Differences(old, it))
}

// Withdraw takes an item out of the catalogue for good (撤销); its code is never given again. Who
// grants rights on it must be told with permit.Touch: from the commit on no use is allowed.
func Withdraw(w *store.Tx, id, reason, caseNo, by string) (out Item, err error) {
	return out, InBulk(w, func(b *Bulk) error { out, err = b.Withdraw(id, reason, caseNo, by); return err })
}

// Withdraw is the package's Withdraw, with the index brought up to date at the end of the bulk.
func (b *Bulk) Withdraw(id, reason, caseNo, by string) (Item, error) {
	w := b.w
	old, err := ByID(&w.ReadTx, id)
	if err != nil {
		return old, err
	}
	it := old
	it.State, it.Version, it.Withdrawn, it.Updated, it.CaseNo = StateWithdrawn, it.Version+1, store.At(w.Now()), store.At(w.Now()), caseNo
	if err := w.ExecOne(`UPDATE catalogue_item SET state=$1, version=$2, withdrawn=$3, updated=$4, case_no=$5 WHERE id=$6 AND version=$7 AND state=$8`,
		it.State, it.Version, it.Withdrawn, it.Updated, caseNo, id, it.Version-1, StatePublished); err != nil {
		return it, err
	}
	if err := b.reindex(&old, &it); err != nil {
		return it, err
	}
	return it, it.version(w, "withdraw", reason, by, []procedure.Change{{Field: "state", Label: "状态", Before: "已发布", After: "已撤销"}})
}

// Derive computes what follows from the rest of the description and is never typed in.
func (it *Item) Derive() {
	it.Personal = anyField(*it, func(f Field) bool { return f.Personal })
	it.Sensitive = anyField(*it, func(f Field) bool { return f.Sensitive })
	if it.GradeReason == "" && it.Impact != "" {
		it.GradeReason = "影响对象：" + label(Impacts, it.Impact) + "；影响程度：" + label(Degrees, it.Degree)
		if it.DowngradeDoc != "" {
			it.GradeReason += "；经评估降级：" + it.DowngradeDoc
		}
	}
	it.Score = it.Quality().Score
}

// settle computes what is never typed in, times and digest.
func (it *Item) settle(w *store.Tx) (err error) {
	it.Derive()
	it.Updated = store.At(w.Now())
	for i := range it.Fields {
		it.Fields[i].Item, it.Fields[i].N = it.ID, i+1
	}
	it.Digest, err = it.digest()
	return err
}

func (it Item) putFields(w *store.Tx) error {
	for _, f := range it.Fields {
		if _, err := w.Exec(`INSERT INTO catalogue_field (`+fieldColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)`,
			f.Item, f.N, f.Name, f.Label, f.Type, f.Length, f.IsKey, f.Nullable, f.Personal, f.Sensitive, f.Shared, f.Open, f.Authorisable, f.Note); err != nil {
			return err
		}
	}
	return nil
}

// version keeps the whole item as of this version with what changed, and writes its entry.
func (it Item) version(w *store.Tx, act, reason, by string, changes []procedure.Change) error {
	c, err := json.Marshal(changes)
	if err != nil {
		return err
	}
	snapshot, err := json.Marshal(map[string]any{"item": it.content(), "fields": it.Fields})
	if err != nil {
		return err
	}
	if _, err := w.Exec(`INSERT INTO catalogue_change (item, version, act, at, person, reason, changes, snapshot, case_no) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`,
		it.ID, it.Version, act, it.Updated, by, reason, string(c), string(snapshot), it.CaseNo); err != nil {
		return err
	}
	w.Record(audit.Entry{Type: "catalogue." + act, Actor: by, Org: it.SourceOrg, Object: it.ID, Version: int64(it.Version), Action: act, To: it.State, Clause: "7.2b",
		Result: audit.Done, Detail: map[string]string{"case": it.CaseNo, "digest": it.Digest, "code": it.Code}})
	return nil
}

// Differences lists what differs between two versions of an item, properties first, then the
// information items that came, went or changed.
func Differences(before, after Item) []procedure.Change {
	var out []procedure.Change
	for _, p := range properties {
		if b, a := p.of(before), p.of(after); b != a {
			out = append(out, procedure.Change{Field: p.name, Label: p.label, Before: b, After: a})
		}
	}
	old := map[string]Field{}
	for _, f := range before.Fields {
		old[f.Name] = f
	}
	for _, f := range after.Fields {
		was, known := old[f.Name]
		delete(old, f.Name)
		switch {
		case !known:
			out = append(out, procedure.Change{Field: "fields." + f.Name, Label: "信息项（新增）", Before: "", After: f.String()})
		case was.String() != f.String():
			out = append(out, procedure.Change{Field: "fields." + f.Name, Label: "信息项（变更）", Before: was.String(), After: f.String()})
		}
	}
	for _, f := range before.Fields {
		if _, gone := old[f.Name]; gone {
			out = append(out, procedure.Change{Field: "fields." + f.Name, Label: "信息项（删除）", Before: f.String(), After: ""})
		}
	}
	return out
}

// String is the field in one line, as a difference shows it.
func (f Field) String() string {
	s := fmt.Sprintf("%s（%s，%s", f.Label, f.Name, label(FieldTypes, f.Type))
	if f.Length > 0 {
		s += fmt.Sprintf("，长度%d", f.Length)
	}
	for _, x := range []struct {
		on   bool
		word string
	}{{f.IsKey, "主键"}, {f.Nullable, "可空"}, {f.Personal, "个人信息"}, {f.Sensitive, "敏感个人信息"}, {f.Shared, "可共享"}, {f.Open, "可开放"}, {f.Authorisable, "可授权"}} {
		if x.on {
			s += "，" + x.word
		}
	}
	if f.Note != "" {
		s += "，释义：" + f.Note
	}
	return s + "）"
}

// Version is one version of an item's history.
type Version struct {
	Item    string
	Version int
	Act     string
	At      store.Time
	Person  string
	Reason  string
	Changes string // JSON of []procedure.Change
	CaseNo  string
}

// History lists the versions of an item, the newest first.
func History(r *store.ReadTx, id string) ([]Version, error) {
	var out []Version
	return out, r.Select(&out, `SELECT item, version, act, at, person, reason, changes, case_no FROM catalogue_change WHERE item = $1 ORDER BY version DESC`, id)
}
