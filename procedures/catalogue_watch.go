package procedures

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/catalogue"
	"pado/domain/party"
)

// WatchCatalogue marks the items whose data are older than their update cycle and tells their sources
// and the data authority, once for each delivery that was missed; marks of items that were delivered
// since go (clause 7.2b). It returns how many items have become stale. Safe to repeat.
func WatchCatalogue(ctx context.Context, e *procedure.Engine) (int, error) {
	n := 0
	_, err := e.DB().Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		params, err := e.Parameters(&w.ReadTx)
		if err != nil {
			return audit.Entry{}, err
		}
		v, err := params.At("catalogue.stale_grace", calendar.DateOf(w.Now()).String())
		if err != nil {
			return audit.Entry{}, err
		}
		grace, err := v.Int()
		if err != nil {
			return audit.Entry{}, err
		}
		fresh, cleared, err := catalogue.Watch(w, calendar.Days(grace))
		if err != nil {
			return audit.Entry{}, err
		}
		n = len(fresh)
		for _, s := range fresh {
			it, err := catalogue.ByID(&w.ReadTx, s.Item)
			if err != nil {
				return audit.Entry{}, err
			}
			title := "数据超期未更新：" + it.Title
			body := fmt.Sprintf("目录项“%s”（%s）的更新周期为%s，最近一次数据到达于%s，已经超期。请数源部门报送新数据，或者办理目录变更，更正更新周期。",
				it.Title, it.Code, catalogue.Label(catalogue.Cycles, it.UpdateCycle), calendar.DateOf(s.DataAt.Time).Chinese())
			object := s.Item + "@" + strconv.FormatInt(s.DataAt.UnixMilli(), 10)
			authority, err := party.DivisionOrg(&w.ReadTx, party.Authority, it.Division)
			if err != nil {
				return audit.Entry{}, err
			}
			for role, org := range map[procedure.Role]string{party.Source: it.SourceOrg, party.Authority: authority} {
				if _, err := tellSupply(w, role, org, object, "", title, body); err != nil {
					return audit.Entry{}, err
				}
			}
		}
		if n == 0 && cleared == 0 {
			return audit.Entry{}, nil
		}
		return audit.Entry{Type: "catalogue.watch", Actor: "clock", Object: "catalogue", Action: "watch", Clause: "7.2b", Result: audit.Done,
			Detail: map[string]string{"stale": strconv.Itoa(n), "cleared": strconv.Itoa(cleared)}}, nil
	})
	if errors.Is(err, store.ErrNoEntry) {
		return 0, nil
	}
	return n, err
}
