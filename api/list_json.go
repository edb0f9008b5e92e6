package api

import (
	"io"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"pado/core/canon"
)

// CaseList is one page of a list of cases.
type CaseList struct {
	Items []RowWire `json:"items"`
	Next  string    `json:"next,omitempty"`
}

// jsonFormat is JSON as everywhere, save that the page everybody opens all day writes itself:
// by reflection it would take a quarter of the whole request.
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		if list, ok := v.(CaseList); ok {
			_, err := w.Write(append(list.appendJSON(make([]byte, 0, 1024+512*len(list.Items))), '\n'))
			return err
		}
		return huma.DefaultJSONFormat.Marshal(w, v)
	},
	Unmarshal: huma.DefaultJSONFormat.Unmarshal,
}

func (l CaseList) appendJSON(b []byte) []byte {
	b = append(b, `{"items":[`...)
	for i := range l.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = l.Items[i].appendJSON(b)
	}
	b = append(b, ']')
	if l.Next != "" {
		b = canon.AppendString(append(b, `,"next":`...), l.Next)
	}
	return append(b, '}')
}

func (w *RowWire) appendJSON(b []byte) []byte {
	text := func(key, value string) { b = canon.AppendString(append(b, key...), value) }
	text(`{"no":`, w.No)
	text(`,"procedure":`, w.Procedure)
	text(`,"procedureTitle":`, w.ProcedureTitle)
	text(`,"title":`, w.Title)
	text(`,"state":`, w.State)
	text(`,"stateLabel":`, w.StateLabel)
	text(`,"ownerLabel":`, w.OwnerLabel)
	b = w.Due.appendJSON(append(b, `,"due":`...))
	b = w.Since.AppendJSON(append(b, `,"since":`...))
	b = w.Updated.AppendJSON(append(b, `,"updated":`...))
	text(`,"org":{"id":`, w.Org.ID)
	text(`,"name":`, w.Org.Name)
	if w.Org.Division != "" {
		text(`,"division":`, w.Org.Division)
	}
	if w.Org.Region != "" {
		text(`,"divisionName":`, w.Org.Region)
	}
	text(`},"tenant":`, w.Tenant)
	b = strconv.AppendBool(append(b, `,"backfill":`...), w.Backfill)
	b = strconv.AppendBool(append(b, `,"final":`...), w.Final)
	b = strconv.AppendInt(append(b, `,"urged":`...), int64(w.Urged), 10)
	b = strconv.AppendBool(append(b, `,"supervised":`...), w.Supervised)
	return append(b, '}')
}

func (d *DueWire) appendJSON(b []byte) []byte {
	if d == nil {
		return append(b, "null"...)
	}
	b = append(b, '{')
	if d.At != nil {
		b = append(d.At.AppendJSON(append(b, `"at":`...)), ',')
	}
	b = canon.AppendString(append(b, `"label":`...), d.Label)
	b = canon.AppendString(append(b, `,"level":`...), d.Level)
	b = strconv.AppendInt(append(b, `,"remaining":`...), int64(d.Remaining), 10)
	b = strconv.AppendInt(append(b, `,"elapsed":`...), int64(d.Elapsed), 10)
	b = canon.AppendString(append(b, `,"unit":`...), d.Unit)
	if d.Source != "" {
		b = canon.AppendString(append(b, `,"source":`...), d.Source)
	}
	return append(b, '}')
}
