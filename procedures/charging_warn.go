package procedures

import (
	"context"
	"errors"
	"fmt"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/canon"
	p "pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/domain/settlement"
	"pado/plan"
)

// WarnRemittances tells the operator of every fee whose last day is near or past (6.2.5), and
// the treasury of those past it, once each. The clock calls it; it returns how many were told.
func WarnRemittances(ctx context.Context, e *p.Engine) (int, error) {
	told := 0
	_, err := e.DB().Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		told = 0
		params, err := e.Parameters(&w.ReadTx)
		if err != nil {
			return audit.Entry{}, err
		}
		today := calendar.DateOf(w.Now())
		v, err := params.At("remittance.warn_days", today.String())
		if err != nil {
			return audit.Entry{}, err
		}
		warn, err := v.Int()
		if err != nil {
			return audit.Entry{}, err
		}
		var due []string
		if err := w.Select(&due, `SELECT id FROM fee_due WHERE state = 'due' AND due <> '' ORDER BY due, id`); err != nil {
			return audit.Entry{}, err
		}
		for _, id := range due {
			f, err := settlement.FeeByID(&w.ReadTx, id)
			if err != nil {
				return audit.Entry{}, err
			}
			last, err := calendar.ParseDate(f.Due)
			if err != nil {
				return audit.Entry{}, fmt.Errorf("last day of %s: %w", id, err)
			}
			title, body := "资源使用费即将到期："+f.Month, fmt.Sprintf("%s 应缴资源使用费 %s 元，请于 %s 前上缴市财政。", f.Month, f.FeeFen, f.Due)
			over := today.After(last)
			if over {
				title, body = "资源使用费逾期未缴："+f.Month, fmt.Sprintf("%s 应缴资源使用费 %s 元，期限为 %s，至今未缴。", f.Month, f.FeeFen, f.Due)
			} else if left, err := e.Calendar().Between(today, last); err != nil || int64(left) > warn {
				continue // far off, or not countable before the year is published
			}
			n, err := tellDesk(w, party.Operator, f.OperatorOrg, id, title, body)
			if err == nil && over {
				var m int
				m, err = tellDesk(w, party.Treasury, "", id, title, body)
				n += m
			}
			if err != nil {
				return audit.Entry{}, err
			}
			told += n
		}
		if told == 0 {
			return audit.Entry{}, nil
		}
		return audit.Entry{Type: "settlement.warn", Actor: "clock", Action: "warn", Clause: plan.C("6.2.5").ID, Result: audit.Done, Detail: map[string]string{"messages": fmt.Sprint(told)}}, nil
	})
	if errors.Is(err, store.ErrNoEntry) {
		return 0, nil
	}
	return told, err
}

// tellDesk writes a message to everybody at a role's desk of an organisation, or of every
// organisation in the role, once for each title and object.
func tellDesk(w *store.Tx, role p.Role, org, object, title, body string) (int, error) {
	q, args := `SELECT DISTINCT person FROM membership WHERE role = $1 AND until = ''`, []any{string(role)}
	if org != "" {
		q, args = q+` AND org = $2`, append(args, org)
	}
	var people []string
	if err := w.Select(&people, q+` ORDER BY person`, args...); err != nil {
		return 0, err
	}
	told := 0
	for _, person := range people {
		n, err := w.Exec(`INSERT INTO message (id, person, kind, template, title, body, case_no, at) VALUES ($1,$2,$3,'system.remittance',$4,$5,'',$6) ON CONFLICT (id) DO NOTHING`,
			"ms_"+canon.Digest([]byte(object + "\n" + title + "\n" + person))[:26], person, party.KindSystem, title, body, store.At(w.Now()))
		if err != nil {
			return told, err
		}
		told += int(n)
	}
	return told, nil
}
