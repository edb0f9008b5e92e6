package procedure

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/docs"
	"pado/core/store"
)

// AddAttachment records an upload that belongs to its person until a case takes it.
func AddAttachment(w *store.Tx, f Attachment) error {
	_, err := w.Exec(`INSERT INTO attachment (id, name, size, sha256, media, person, org, at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)`,
		f.ID, f.Name, f.Size, f.SHA256, f.Media, f.Person, f.Org, f.At)
	return err
}

// Attachment finds a file the actor may read: its own upload or one of a case it may see. The
// read is an entry.
func (e *Engine) Attachment(ctx context.Context, a Actor, id string) (Attachment, error) {
	var f Attachment
	_, err := e.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := w.Get(&f, `SELECT `+attachmentColumns+` FROM attachment WHERE id = $1`, id); err != nil {
			return audit.Entry{}, err
		}
		if f.CaseNo == "" && f.Person != a.Person {
			return audit.Entry{}, store.ErrNotFound
		}
		if f.CaseNo != "" {
			if _, _, err := e.visible(&w.ReadTx, a, f.CaseNo); err != nil {
				return audit.Entry{}, err
			}
		}
		return audit.Entry{Type: "file.read", Actor: a.Person, Object: id, Action: "download", Clause: "3",
			Detail: map[string]string{"sha256": f.SHA256}}, nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return f, e.refused(ctx, a, store.ErrNotFound, "file.read", id, "download")
	}
	return f, err
}

// Rows returns list rows of the numbered cases the actor may see, in the order given.
func (e *Engine) Rows(r *store.ReadTx, a Actor, nos []string) ([]Row, error) {
	var out []Row
	for _, no := range nos {
		if _, _, err := e.visible(r, a, no); errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		var row Row
		if err := r.Get(&row, "SELECT "+rowColumns+" FROM case_file c"+rowJoins+"WHERE c.no = $1", no); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

// Timeline is the printed 办理过程 of a case.
func (v *CaseView) Timeline() docs.Document {
	c, p := v.Case, v.Procedure
	st, _ := p.State(c.State)
	d := docs.Document{Kind: docs.History, Number: c.No, Title: c.Title + "\n办理过程"}
	pairs := []docs.Pair{{Key: "事项", Value: p.Title}, {Key: "编号", Value: c.No}, {Key: "现处环节", Value: st.Label},
		{Key: "发起单位", Value: v.Org}, {Key: "发起时间", Value: minute(c.Created)}, {Key: "依据", Value: "方案 " + p.Plan.ID}}
	if c.Backfill {
		pairs = append(pairs, docs.Pair{Key: "说明", Value: "补录：原决定在平台之外作出"})
	}
	t := docs.Table{Columns: []docs.Column{{Title: "序", Width: 5}, {Title: "时间", Width: 18}, {Title: "办理人", Width: 22},
		{Title: "办理", Width: 17}, {Title: "意见与附件", Width: 26}, {Title: "用时", Width: 12}}}
	for _, e := range v.Events {
		say := e.Opinion
		if e.DocNo != "" {
			say = strings.TrimSpace(e.DocNo + "\n" + say)
		}
		for _, f := range v.Files {
			if f.EventN == e.N {
				say = strings.TrimSpace(say + "\n附件：" + f.Name)
			}
		}
		spent := strconv.Itoa(e.Elapsed) + " 个工作日"
		if e.Elapsed < 0 {
			spent = "待公布"
		}
		t.Rows = append(t.Rows, []string{strconv.Itoa(e.N), minute(e.At), strings.TrimSpace(e.OrgName + "\n" + e.PersonName), e.Label, say, spent})
	}
	d.Blocks = []docs.Block{docs.KeyValues{Pairs: pairs, PerRow: 2}, t,
		docs.Note{Text: fmt.Sprintf("记录只增不改；共 %d 条，可凭编号在平台核验。", len(v.Events))}}
	return d
}

func minute(t store.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Shanghai).Format("2006-01-02 15:04")
}
