package ledger

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"pado/core/money"
	"pado/core/store"
)

type exported struct {
	Key, Period, Purpose, Clause, CaseNo, Account, Party string
	At                                                   store.Time
	Fen                                                  money.Fen
}

// Export writes all postings in the order of entry: "hledger" (a journal that hledger reads and
// balances) or "csv" (UTF-8 with BOM, amounts in 元). Texts that a spreadsheet would take for a
// formula are quoted inert.
func Export(w io.Writer, r *store.ReadTx, format string) error {
	var rows []exported
	if err := r.Select(&rows, `SELECT t.key, t.period, t.purpose, t.clause, t.case_no, t.at, p.account, p.party, p.fen
		FROM ledger_tx t JOIN ledger_posting p ON p.tx = t.key ORDER BY t.at, t.key, p.n`); err != nil {
		return err
	}
	switch format {
	case "hledger":
		return hledger(w, rows)
	case "csv":
		return comma(w, rows)
	}
	return fmt.Errorf("unknown format %q: hledger or csv", format)
}

func hledger(out io.Writer, rows []exported) error {
	w := bufio.NewWriter(out)
	last := ""
	for _, x := range rows {
		if x.Key != last {
			if last != "" {
				fmt.Fprintln(w)
			}
			fmt.Fprintf(w, "%s (%s) %s  ; 依据 %s\n", x.At.Format("2006-01-02"), plain(x.Key), plain(x.Purpose), x.Clause)
			last = x.Key
		}
		name := x.Account
		if x.Party != "" {
			name += ":" + plain(x.Party)
		}
		fmt.Fprintf(w, "    %s  CNY %s\n", name, x.Fen.Yuan())
	}
	return w.Flush()
}

// plain keeps a text from being read as syntax.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\r', ';', '|', '(', ')':
			return ' '
		}
		return r
	}, s)
}

func comma(out io.Writer, rows []exported) error {
	if _, err := io.WriteString(out, "\ufeff"); err != nil {
		return err
	}
	w := csv.NewWriter(out)
	if err := w.Write([]string{"凭证", "时间", "所属月份", "摘要", "依据", "事项", "科目", "科目名称", "往来单位", "金额（元，借为正）"}); err != nil {
		return err
	}
	for _, x := range rows {
		rec := []string{x.Key, x.At.Format("2006-01-02 15:04:05"), x.Period, x.Purpose, x.Clause, x.CaseNo, x.Account, chart[x.Account].Title, x.Party}
		for i, s := range rec {
			if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
				rec[i] = "'" + s
			}
		}
		if err := w.Write(append(rec, x.Fen.Yuan())); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
