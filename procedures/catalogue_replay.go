package procedures

import (
	"maps"
	"slices"
	"strings"

	"pado/core/audit/verify"
	"pado/core/store"
	"pado/domain/catalogue"
)

// CatalogueReplay holds the catalogue to the log: every item as it was last entered, by the digest over
// its description and fields, the number of its versions, the marks of stale data, what sources
// answered, and which fields every question of a sandbox used.
type CatalogueReplay struct {
	view    func(func(*store.ReadTx) error) error
	items   map[string]enteredItem
	stale   map[string]bool
	answers map[string][]enteredAnswer // by case
	used    map[string]string          // fields by question
}

// enteredItem is what the log says of an item.
type enteredItem struct {
	version             int64
	state, code, digest string
}

type enteredAnswer struct {
	seq                             int64
	item, field, shown, org, person string
	commit                          map[string]verify.Commitment
}

// NewCatalogueReplay compares with the tables that view shows.
func NewCatalogueReplay(view func(func(*store.ReadTx) error) error) *CatalogueReplay {
	return &CatalogueReplay{view: view, items: map[string]enteredItem{}, stale: map[string]bool{}, answers: map[string][]enteredAnswer{}, used: map[string]string{}}
}

// Name implements verify.Hook.
func (c *CatalogueReplay) Name() string { return "资源目录与使用登记" }

// Replay implements verify.Hook.
func (c *CatalogueReplay) Replay(r verify.Record) error {
	if r.Result != "done" && r.Type != "sandbox.intent" {
		return nil
	}
	switch r.Type {
	case "catalogue.publish", "catalogue.change", "catalogue.withdraw":
		if had := c.items[r.Object]; r.Version != had.version+1 {
			return unlike("目录项 %s 的第 %d 版在日志中不连续", r.Object, r.Version)
		}
		c.items[r.Object] = enteredItem{r.Version, r.To, r.Detail["code"], r.Detail["digest"]}
	case "catalogue.stale":
		c.stale[r.Object] = r.Action == "mark"
	case "catalogue.answer":
		no := r.Detail["case"]
		c.answers[no] = append(c.answers[no], enteredAnswer{r.Seq, r.Object, r.Detail["field"], r.Detail["shown"], r.Org, r.Actor, r.Commit})
	case "sandbox.intent":
		if fields, said := r.Detail["fields"]; said {
			c.used[r.Detail["question"]] = fields
		}
	}
	return nil
}

// Done implements verify.Hook.
func (c *CatalogueReplay) Done() error {
	return c.view(func(r *store.ReadTx) error {
		for _, compare := range []func(*store.ReadTx) error{c.compareItems, c.compareMarks, c.compareAnswers, c.compareUses} {
			if err := compare(r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *CatalogueReplay) compareItems(r *store.ReadTx) error {
	var rows []struct {
		ID, Code, State, Digest string
		Version, Versions       int64
	}
	if err := r.Select(&rows, `SELECT i.id, i.code, i.state, i.digest, i.version, (SELECT COUNT(*) FROM catalogue_change c WHERE c.item = i.id) AS versions
		FROM catalogue_item i ORDER BY i.id`); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, row := range rows {
		seen[row.ID] = true
		said, known := c.items[row.ID]
		if !known {
			return unlike("目录项 %s 在日志中没有记录", row.ID)
		}
		if said != (enteredItem{row.Version, row.State, row.Code, row.Digest}) || row.Versions != row.Version {
			return unlike("目录项 %s 的状态、版本、代码或摘要与日志不符", row.ID)
		}
		it, err := catalogue.ByID(r, row.ID)
		if err != nil {
			return err
		}
		sum, err := it.Redigest()
		if err != nil {
			return err
		}
		if sum != said.digest {
			return unlike("目录项 %s 的内容与日志中的摘要不符", row.ID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.items)) {
		if !seen[id] {
			return unlike("日志中的目录项 %s 不在目录中", id)
		}
	}
	return nil
}

func (c *CatalogueReplay) compareMarks(r *store.ReadTx) error {
	var marked []string
	if err := r.Select(&marked, `SELECT item FROM catalogue_stale ORDER BY item`); err != nil {
		return err
	}
	var said []string
	for _, id := range slices.Sorted(maps.Keys(c.stale)) {
		if c.stale[id] {
			said = append(said, id)
		}
	}
	if !slices.Equal(marked, said) {
		return unlike("数据超期的标记与日志不符")
	}
	return nil
}

func (c *CatalogueReplay) compareAnswers(r *store.ReadTx) error {
	salts := map[int64][]byte{}
	if err := r.Each(`SELECT seq, salt FROM audit_leaf WHERE salt IS NOT NULL AND type = 'catalogue.answer'`, nil, func(scan func(...any) error) error {
		var seq int64
		var salt []byte
		err := scan(&seq, &salt)
		salts[seq] = salt
		return err
	}); err != nil {
		return err
	}
	var rows []catalogue.FieldAnswer
	if err := r.Select(&rows, `SELECT case_no, n, item, field, question, answer, shown, org, person, at FROM field_answer ORDER BY case_no, n`); err != nil {
		return err
	}
	count := map[string]int{}
	for _, row := range rows {
		said := c.answers[row.CaseNo]
		k := count[row.CaseNo]
		count[row.CaseNo]++
		if k >= len(said) || row.N != k+1 {
			return unlike("事项 %s 的一项答复在日志中没有记录", row.CaseNo)
		}
		e := said[k]
		if e.item != row.Item || e.field != row.Field || e.shown != row.Shown || e.org != row.Org || e.person != row.Person {
			return unlike("事项 %s 的第 %d 项答复与日志不符", row.CaseNo, row.N)
		}
		if salt := salts[e.seq]; len(salt) > 0 && !committed(e.commit, salt, "answer", row.Answer) {
			return unlike("事项 %s 的第 %d 项答复的文字与日志不符", row.CaseNo, row.N)
		}
	}
	for _, no := range slices.Sorted(maps.Keys(c.answers)) {
		if count[no] != len(c.answers[no]) {
			return unlike("事项 %s 有 %d 项答复，日志中有 %d 项", no, count[no], len(c.answers[no]))
		}
	}
	return nil
}

func (c *CatalogueReplay) compareUses(r *store.ReadTx) error {
	have := map[string][]string{}
	if err := r.Each(`SELECT ref, item, field FROM field_use WHERE kind = 'question'`, nil, func(scan func(...any) error) error {
		var ref, item, field string
		err := scan(&ref, &item, &field)
		have[ref] = append(have[ref], item+"/"+field)
		return err
	}); err != nil {
		return err
	}
	for _, q := range slices.Sorted(maps.Keys(c.used)) {
		rows := have[q]
		slices.Sort(rows)
		if strings.Join(rows, " ") != c.used[q] {
			return unlike("提问 %s 的使用登记与日志不符", q)
		}
		delete(have, q)
	}
	for _, q := range slices.Sorted(maps.Keys(have)) {
		return unlike("提问 %s 的使用登记在日志中没有记录", q)
	}
	return nil
}
