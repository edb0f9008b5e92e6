package procedures

import (
	"errors"

	"pado/core/calendar"
	"pado/core/canon"
	"pado/core/docs"
	p "pado/core/procedure"
	"pado/core/store"
)

// paper is a paper of the act that decided a case: its organ, number and day.
type paper struct {
	docs.Document
	day calendar.Date
}

// paperOf begins a paper of the newest of the acts. Without a 文号 the case number stands for it.
func paperOf(c *p.Ctx, kind docs.Kind, title string, acts ...string) (paper, error) {
	d := paper{Document: docs.Document{Kind: kind, Number: c.Case.No, Title: title}}
	var ev struct {
		OrgName, DocNo string
		At             store.Time
	}
	var last store.Time
	for _, act := range acts {
		err := c.Get(&ev, `SELECT org_name, doc_no, at FROM case_event WHERE case_no = $1 AND action = $2 ORDER BY n DESC LIMIT 1`, c.Case.No, act)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return d, err
		}
		if ev.At.Before(last.Time) {
			continue
		}
		last, d.Organ, d.day = ev.At, ev.OrgName, calendar.DateOf(ev.At.Time)
		if ev.DocNo != "" {
			d.Number = ev.DocNo
		}
	}
	d.Check = &docs.Verification{No: d.Number, Digest: canon.Digest([]byte(c.Case.Form)), URL: "/portal/verify/" + d.Number}
	return d, nil
}

// sealed ends the paper with the organ's name and the day of the act.
func (d paper) sealed() docs.Document {
	d.Blocks = append(d.Blocks, docs.Signature{Organ: d.Organ, Date: d.day, Seal: true})
	return d.Document
}

// named is the name of an organisation; its id where there is none.
func named(c *p.Ctx, org string) (string, error) {
	name := org
	return name, ignore(c.Get(&name, `SELECT name FROM org WHERE id = $1`, org))
}
