package demo

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"pado/core/calendar"
	"pado/domain/gateway"
)

// Invoke makes one signed call of a product, with the query of its example if none is given, and
// returns status and body. now is the wall
// clock's time, nonce a fresh text of 16 to 64 characters.
func (d *Driver) Invoke(k Key, query string, now time.Time, nonce string) (int, []byte) {
	if d.err != nil {
		return 0, nil
	}
	secret, err := hex.DecodeString(k.Secret)
	if err != nil {
		d.Fail("the secret is no hex: %w", err)
		return 0, nil
	}
	path, own, _ := strings.Cut(k.Example.Path, "?")
	if query == "" {
		query = own
	}
	s := gateway.Signed{Method: "GET", Path: path, RawQuery: query, Key: k.Key, Time: fmt.Sprint(now.Unix()), Nonce: nonce}
	sign, err := gateway.Sign(gateway.Credential{Algorithm: "HMAC-SHA256", Secret: secret}, s)
	if err != nil {
		d.Fail("sign: %w", err)
		return 0, nil
	}
	address := d.URL + path
	if query != "" {
		address += "?" + query
	}
	req, err := http.NewRequestWithContext(d.context(), "GET", address, nil)
	if err != nil {
		d.Fail("call: %w", err)
		return 0, nil
	}
	for h, v := range map[string]string{"X-Pado-Key": k.Key, "X-Pado-Time": s.Time, "X-Pado-Nonce": nonce, "X-Pado-Signature": sign} {
		req.Header.Set(h, v)
	}
	return d.send(http.DefaultClient, req)
}

// Ready waits until the gateway knows a fresh key: its feed comes several times a second.
func (d *Driver) Ready(k Key, now func() time.Time) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := range 100 {
		status, body := d.Invoke(k, "", now(), fmt.Sprintf("ready-%016d", i))
		if d.err != nil || status == 200 || status == 422 { // 422: known, but the product wants its parameters
			return
		}
		if i == 99 {
			d.Fail("the key is never served: %d %s", status, body)
		}
		<-tick.C
	}
}

// Settle has the customer's payment of a month booked and the government's share remitted. The
// month must be closed.
func Settle(d *Driver) {
	var list struct {
		Items []struct{ Value, Label string }
	}
	d.Get("oper1", "/api/choices/statements_open", &list)
	if len(list.Items) != 1 {
		d.Fail("there should be one open statement: %+v", list.Items)
		return
	}
	amount := d.register("oper1", "statements", list.Items[0].Value, "amount")
	day := d.today().String()
	no := d.Start("oper1", "p06_2e_receipt", Form{"statement": list.Items[0].Value, "amount": amount, "paidOn": day, "voucher": "YH-2026-0001", "file": d.Attach("oper1", "银行回单.pdf", signed)})
	d.Do("oper1", no, "register", Act{})
	d.Do("oper2", no, "book", Act{})
	d.Must("oper1", no, "booked")
	d.Get("oper1", "/api/choices/fees_due", &list)
	if len(list.Items) != 1 {
		d.Fail("there should be one fee due: %+v", list.Items)
		return
	}
	fee := d.register("oper1", "remittances", list.Items[0].Value, "fee")
	no = d.Start("oper1", "p06_2e_remittance", Form{"fee": list.Items[0].Value, "amount": fee, "paidOn": day, "voucher": "JK-2026-0001", "file": d.Attach("oper1", "缴款书.pdf", signed)})
	d.Do("oper1", no, "remit", Act{})
	d.Do("fin1", no, "confirm", Act{Input: d.inputs("fin1", no, "confirm", Form{"receiptNo": "GK-2026-0001"})})
	d.Must("fin1", no, "received")
}

// inputs keeps of the given values what the offered step asks for.
func (d *Driver) inputs(user, no, action string, have Form) Form {
	var c struct {
		Offers []struct {
			Action string
			Fields []struct{ Name, Kind string }
		}
	}
	d.Get(user, "/api/cases/"+no, &c)
	out := Form{}
	for _, o := range c.Offers {
		if o.Action == action {
			for _, f := range o.Fields {
				if v, ok := have[f.Name]; ok {
					out[f.Name] = v
				}
			}
		}
	}
	return out
}

// register reads one cell of a register's row.
func (d *Driver) register(user, id, key, column string) string {
	var page struct {
		Rows []struct {
			Key   string
			Cells map[string]any
		}
	}
	d.Get(user, "/api/registers/"+id+"?size=100", &page)
	for _, r := range page.Rows {
		if r.Key == key {
			if s, ok := r.Cells[column].(string); ok {
				return s
			}
			d.Fail("register %s has no cell %s: %+v", id, column, r.Cells)
		}
	}
	d.Fail("register %s has no row %s: %+v", id, key, page.Rows)
	return ""
}

// NextMonth is the morning of the second day of the month after the given date.
func NextMonth(day calendar.Date) time.Time {
	first := calendar.Date{Y: day.Y, M: day.M, D: 1}.AddMonths(1)
	return first.AddDays(1).Start().Add(9 * time.Hour)
}

// Today is the business date of the platform.
func (d *Driver) Today() calendar.Date { return d.today() }
