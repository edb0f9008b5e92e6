package procedures

import (
	"fmt"
	"slices"
	"strconv"

	"pado/core/audit/verify"
	"pado/core/canon"
	"pado/core/store"
)

// Entries that carry what the tables of settings hold.
const (
	parameterType = "parameter.set"
	noticeType    = "calendar.notice"
)

// SettingsReplay holds the city's own parameters and the recorded holidays to the log: a value or a
// notice that was edited, added or removed behind its back is found and named.
type SettingsReplay struct {
	view    func(func(*store.ReadTx) error) error
	values  []parameterRow
	notices map[string]noticeRow
	order   []string // cases of the notices as they were recorded
}

// parameterRow is a value on record. From is empty where an entry does not say it; then it says
// neither the source nor the case.
type parameterRow struct{ Key, ValidFrom, Value, Source, CaseNo string }

// noticeRow is a notice on record, told by the digest of its text.
type noticeRow struct{ year, at, source, digest string }

// NewSettingsReplay compares with the tables that view shows.
func NewSettingsReplay(view func(func(*store.ReadTx) error) error) *SettingsReplay {
	return &SettingsReplay{view: view, notices: map[string]noticeRow{}}
}

// Name implements verify.Hook.
func (s *SettingsReplay) Name() string { return "参数与放假安排" }

func unlike(format string, a ...any) error {
	return &verify.Problem{Message: fmt.Sprintf(format, a...)}
}

// Replay implements verify.Hook.
func (s *SettingsReplay) Replay(r verify.Record) error {
	d := r.Detail
	switch {
	case r.Result != "done":
	case r.Type == parameterType:
		s.values = append(s.values, parameterRow{r.Object, d["from"], d["value"], d["source"], d["case"]})
	case r.Type == noticeType:
		if _, twice := s.notices[r.Object]; twice {
			return unlike("事项 %s 的放假安排登记了两次", r.Object)
		}
		s.notices[r.Object] = noticeRow{d["year"], d["at"], d["source"], d["digest"]}
		s.order = append(s.order, r.Object)
	}
	return nil
}

// Done implements verify.Hook.
func (s *SettingsReplay) Done() error {
	return s.view(func(r *store.ReadTx) error {
		if err := s.compareValues(r); err != nil {
			return err
		}
		return s.compareNotices(r)
	})
}

func (s *SettingsReplay) compareValues(r *store.ReadTx) error {
	var rows []parameterRow
	if err := r.Select(&rows, `SELECT key, valid_from, value, source, case_no FROM parameter ORDER BY key, valid_from`); err != nil {
		return err
	}
	for _, full := range []bool{true, false} { // an entry that says less takes what the others leave
		for _, v := range s.values {
			if full != (v.ValidFrom != "") {
				continue
			}
			i := slices.IndexFunc(rows, func(row parameterRow) bool {
				if full {
					return row.Key == v.Key && row.ValidFrom == v.ValidFrom
				}
				return row.Key == v.Key && row.Value == v.Value && row.CaseNo == ""
			})
			if i < 0 || full && rows[i] != v {
				return unlike("参数 %s 的取值与日志中的设定不符", v.Key)
			}
			rows = slices.Delete(rows, i, i+1)
		}
	}
	if len(rows) > 0 {
		return unlike("参数 %s 有一项取值在日志中没有记录", rows[0].Key)
	}
	return nil
}

func (s *SettingsReplay) compareNotices(r *store.ReadTx) error {
	var rows []struct {
		CaseNo         string
		Year, At       int64
		Source, Notice string
	}
	if err := r.Select(&rows, `SELECT case_no, year, at, source, notice FROM calendar_notice ORDER BY case_no`); err != nil {
		return err
	}
	have := map[string]noticeRow{}
	for _, x := range rows {
		have[x.CaseNo] = noticeRow{strconv.FormatInt(x.Year, 10), strconv.FormatInt(x.At, 10), x.Source, canon.Digest([]byte(x.Notice))}
		if _, known := s.notices[x.CaseNo]; !known {
			return unlike("事项 %s 的放假安排在日志中没有记录", x.CaseNo)
		}
	}
	for _, no := range s.order {
		if have[no] != s.notices[no] {
			return unlike("事项 %s 登记的放假安排与日志不符", no)
		}
	}
	return nil
}
