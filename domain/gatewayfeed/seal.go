package gatewayfeed

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sort"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/store"
	"pado/domain/fielduse"
	"pado/domain/gateway"
	"pado/domain/gateway/journal"
)

// monthKey is one row of usage_month.
type monthKey struct{ month, order, tariff string }

type monthSum struct {
	product, customer, agreement string
	calls, rows                  int64
	days                         map[string]int64 // calls by day of business time, for the use register
}

var errSealed = errors.New("sealed before")

// ErrSegment: a segment of the same name was sealed with other bytes.
var ErrSegment = errors.New("the segment was sealed before with other content")

// Seal makes the callback that writes the audit leaf of a closed journal segment and adds its
// charged calls to the month they were made in, once, in one commit (10.1.3, 6.2.5). It is safe
// to repeat by the segment's name; a segment of a name with other bytes is ErrSegment.
//
// Calls of a month that is closed already are added to the first open month and counted as late.
// Crash state: leaf, segment and sums are there together or not at all.
func Seal(db *store.DB, replay func(from uint64) iter.Seq2[journal.Entry, error]) func(context.Context, journal.Facts) error {
	return func(ctx context.Context, f journal.Facts) error {
		sums, charged, err := add(f, replay)
		if err != nil {
			return err
		}
		_, err = db.Update(ctx, func(w *store.Tx) (audit.Entry, error) { return record(w, f, sums, charged) })
		if errors.Is(err, errSealed) {
			return nil
		}
		return err
	}
}

// add sums the charged calls of a segment by month of business time, order and price.
func add(f journal.Facts, replay func(uint64) iter.Seq2[journal.Entry, error]) (map[monthKey]*monthSum, int64, error) {
	sums := map[monthKey]*monthSum{}
	var charged int64
	next := f.First
	for u, err := range gateway.Usages(replay(f.First)) {
		if err != nil {
			return nil, 0, fmt.Errorf("read segment %s: %w", f.Name, err)
		}
		if u.Number > f.Last() {
			break
		}
		if u.Number != next {
			return nil, 0, fmt.Errorf("read segment %s: record %d where %d was due", f.Name, u.Number, next)
		}
		next++
		if u.Outcome != gateway.Charged {
			continue
		}
		charged++
		k := monthKey{calendar.DateOf(u.At).String()[:7], u.Order, u.Price}
		s := sums[k]
		if s == nil {
			s = &monthSum{product: u.Product, customer: u.Customer, agreement: u.Agreement, days: map[string]int64{}}
			sums[k] = s
		}
		s.calls++
		s.days[calendar.DateOf(u.At).String()]++
		s.rows += int64(u.Rows)
	}
	if next != f.First+f.Records {
		return nil, 0, fmt.Errorf("read segment %s: it ends before record %d", f.Name, f.Last())
	}
	return sums, charged, nil
}

func record(w *store.Tx, f journal.Facts, sums map[monthKey]*monthSum, charged int64) (audit.Entry, error) {
	if err := w.Lock("books", "id", 1); err != nil {
		return audit.Entry{}, err
	}
	n, err := w.Exec(`INSERT INTO usage_segment (name, node, segment, sha256, sm3, first_record, last_record, records, charged, sealed_at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10) ON CONFLICT (name) DO NOTHING`, f.Name, f.Node, int64(f.Segment), f.SHA256, f.SM3,
		int64(f.First), int64(f.Last()), int64(f.Records), charged, store.At(w.Now()))
	if err != nil {
		return audit.Entry{}, err
	}
	if n == 0 {
		var before string
		if err := w.Get(&before, `SELECT sha256 FROM usage_segment WHERE name = $1`, f.Name); err != nil {
			return audit.Entry{}, err
		}
		if before != f.SHA256 {
			return audit.Entry{}, ErrSegment
		}
		return audit.Entry{}, errSealed
	}
	var closed string
	if err := w.Get(&closed, `SELECT closed_through FROM books WHERE id = 1`); err != nil {
		return audit.Entry{}, err
	}
	keys := make([]monthKey, 0, len(sums))
	for k := range sums {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := keys[i], keys[j]
		if a.month != b.month {
			return a.month < b.month
		}
		if a.order != b.order {
			return a.order < b.order
		}
		return a.tariff < b.tariff
	})
	var late int64
	for _, k := range keys {
		s := sums[k]
		month, behind := k.month, int64(0)
		if month <= closed {
			first, err := calendar.ParseDate(closed + "-01")
			if err != nil {
				return audit.Entry{}, err
			}
			month, behind = first.AddMonths(1).String()[:7], s.calls
			late += behind
		}
		if _, err := w.Exec(`INSERT INTO usage_month (month, order_id, tariff, product, customer_org, agreement, calls, row_count, late_calls) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)
			ON CONFLICT (month, order_id, tariff) DO UPDATE SET calls = usage_month.calls + excluded.calls, row_count = usage_month.row_count + excluded.row_count,
			late_calls = usage_month.late_calls + excluded.late_calls`, month, k.order, k.tariff, s.product, s.customer, s.agreement, s.calls, s.rows, behind); err != nil {
			return audit.Entry{}, err
		}
	}
	for _, k := range keys {
		s := sums[k]
		for _, day := range slices.Sorted(maps.Keys(s.days)) {
			if err := fielduse.Calls(w, day, k.order, s.product, s.customer, s.days[day]); err != nil {
				return audit.Entry{}, err
			}
		}
	}
	return audit.Entry{Type: "usage.seal", Actor: "system", Object: f.Name, Action: "seal", Clause: "10.1.3", Result: audit.Done,
		Detail: map[string]string{"sha256": f.SHA256, "sm3": f.SM3, "first": fmt.Sprint(f.First), "last": fmt.Sprint(f.Last()), "records": fmt.Sprint(f.Records),
			"charged": fmt.Sprint(charged), "late": fmt.Sprint(late), "bytes": fmt.Sprint(f.Bytes)}}, nil
}
