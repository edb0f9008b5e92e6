package procedures

import (
	"fmt"

	"pado/core/calendar"
	"pado/core/store"
	"pado/domain/catalogue"
	"pado/domain/party"
	"pado/domain/supply"
)

// registrations follows the national registration of what is in operation: when the limit of applying
// began, who is to be warned of it, and when a result runs out.
func (s *supplyWatch) registrations() error {
	for _, f := range []func() error{s.begin, s.resolveNational, s.warnNational, s.warnRenewal} {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// begin starts the limit with the first version that entered the pool.
func (s *supplyWatch) begin() error {
	var list []struct {
		Item, SourceOrg, Division, SourceKind string
		Began                                 store.Time
	}
	if err := s.Select(&list, `SELECT i.id AS item, i.source_org, i.division, i.source_kind FROM catalogue_item i WHERE EXISTS (SELECT 1 FROM dataset d WHERE d.item = i.id AND d.current_version <> '')
		AND NOT EXISTS (SELECT 1 FROM national_registration n WHERE n.item = i.id AND n.began IS NOT NULL) ORDER BY i.id`); err != nil {
		return err
	}
	for _, x := range list {
		if err := s.Get(&x.Began, `SELECT MIN(v.decided) FROM dataset_version v JOIN dataset d ON d.id = v.dataset WHERE d.item = $1 AND v.state IN ('accepted', 'withdrawn')`, x.Item); err != nil {
			return err
		}
		if x.Began.IsZero() {
			continue
		}
		due, err := s.days.Due(x.Began.Time, s.filing)
		if err != nil {
			return err
		}
		n := supply.National{Item: x.Item, SourceOrg: x.SourceOrg, Division: x.Division, Obliged: !catalogue.Utility(x.SourceKind), Began: x.Began}
		if err := s.do(func() error { return supply.InOperation(s.w, n, due) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *supplyWatch) resolveNational() error {
	var list []supply.National
	if err := s.Select(&list, `SELECT item, began FROM national_registration WHERE due_year > 0 AND began IS NOT NULL ORDER BY item`); err != nil {
		return err
	}
	for _, n := range list {
		due, err := s.days.Due(n.Began.Time, s.filing)
		if err != nil {
			return err
		}
		if due.Unresolved != 0 {
			continue
		}
		if err := s.do(func() error { return supply.ResolveNational(s.w, n.Item, due) }); err != nil {
			return err
		}
	}
	return nil
}

type nationalLine struct {
	supply.National
	Title string
}

// warnNational tells source and authority that the limit of applying is near, and that it is over.
func (s *supplyWatch) warnNational() error {
	var list []nationalLine
	if err := s.Select(&list, `SELECT n.item, n.source_org, n.division, n.due, n.told, i.title FROM national_registration n JOIN catalogue_item i ON i.id = n.item
		WHERE n.state = 'none' AND n.due IS NOT NULL AND n.told <> 'overdue' AND i.state = 'published' ORDER BY n.item`); err != nil {
		return err
	}
	for _, n := range list {
		last := calendar.Due{At: n.Due.Time}.Last()
		if !s.now.Before(n.Due.Time) {
			if err := s.warn(n, "overdue", "国家登记逾期未申请："+n.Title, fmt.Sprintf("“%s”已向授权运营提供数据，应于%s前申请公共数据资源登记，至今未申请。", n.Title, last)); err != nil {
				return err
			}
			continue
		}
		left, err := s.days.Between(s.today, last)
		if err != nil || int64(left) > s.ahead || n.Told == "near" {
			continue // far off, told, or not countable before the year is published
		}
		if err := s.warn(n, "near", "国家登记即将到期："+n.Title, fmt.Sprintf("“%s”已向授权运营提供数据，请于%s前申请公共数据资源登记。", n.Title, last)); err != nil {
			return err
		}
	}
	return nil
}

// warnRenewal tells them that a result runs out.
func (s *supplyWatch) warnRenewal() error {
	var list []nationalLine
	if err := s.Select(&list, `SELECT n.item, n.source_org, n.division, n.valid_to, n.told, i.title FROM national_registration n JOIN catalogue_item i ON i.id = n.item
		WHERE n.state = 'coded' AND n.valid_to <> '' AND n.told <> 'expired' AND n.valid_to <= $1 ORDER BY n.item`, s.today.AddDays(calendar.Days(s.renew)).String()); err != nil {
		return err
	}
	for _, n := range list {
		if n.ValidTo < s.today.String() {
			if err := s.warn(n, "expired", "国家登记已过有效期："+n.Title, fmt.Sprintf("“%s”的公共数据资源登记结果有效至%s，已过期。", n.Title, n.ValidTo)); err != nil {
				return err
			}
			continue
		}
		if n.Told == "renew" {
			continue
		}
		if err := s.warn(n, "renew", "国家登记可以申请续展："+n.Title, fmt.Sprintf("“%s”的公共数据资源登记结果有效至%s，续展须在期满前%d日内提出。", n.Title, n.ValidTo, s.renew)); err != nil {
			return err
		}
	}
	return nil
}

func (s *supplyWatch) warn(n nationalLine, what, title, body string) error {
	return s.do(func() error {
		if _, err := tellSupply(s.w, party.Source, n.SourceOrg, n.Item, "", title, body); err != nil {
			return err
		}
		org, err := party.DivisionOrg(s.ReadTx, party.Authority, n.Division)
		if err != nil {
			return err
		}
		if org != "" {
			if _, err := tellSupply(s.w, party.Authority, org, n.Item, "", title, body); err != nil {
				return err
			}
		}
		return supply.Told(s.w, n.Item, what)
	})
}
