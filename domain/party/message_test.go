package party_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/identity"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
)

// office is a developer with two people, an operator with a lead and two handlers, an Authority.
func (w *world) office() {
	w.org("au", "数据局", "140600", party.Authority, "au1*")
	w.org("op", "运营公司", "140600", party.Operator, "op1*", "op2", "op3")
	w.org("dev", "开发公司", "140600", party.Developer, "dev1*", "dev2")
}

func titles(list []party.Message) string {
	var out []string
	for _, m := range list {
		out = append(out, m.Kind+" "+m.Title)
	}
	return strings.Join(out, "; ")
}

func (w *world) expect(person, want string) {
	w.t.Helper()
	if got := titles(w.news(person)); got != want {
		w.t.Errorf("%s reads %q, want %q", person, got, want)
	}
}

func TestWhoHearsWhat(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.office()
		no := w.start("dev1", "用电分析")
		w.do("dev1", no, "submit", procedure.Act{})
		for _, p := range []string{"op1", "op2", "op3"} {
			w.expect(p, "todo 待办：数据需求")
		}
		for _, p := range []string{"dev1", "dev2", "au1"} {
			w.expect(p, "")
		}
		body := w.news("op2")[0].Body
		for _, part := range []string{"用电分析", no, "待审核", "运营机构", "年", "前办结", "开发公司人员dev1", "提交"} {
			if !strings.Contains(body, part) {
				t.Errorf("%q lacks %s", body, part)
			}
		}
		w.do("op2", no, "claim", procedure.Act{})
		w.do("dev1", no, "urge", procedure.Act{})
		w.expect("op2", "todo 催办：数据需求; todo 待办：数据需求")
		w.expect("op3", "todo 待办：数据需求")
		w.do("op2", no, "assign", procedure.Act{Input: json.RawMessage(`{"person":"op3"}`), Opinion: "出差"})
		w.expect("op3", "todo 转办：数据需求; todo 待办：数据需求")
		w.do("au1", no, "supervise", procedure.Act{Opinion: "请尽快"})
		if got := w.news("op3")[0]; got.Title != "督办：数据需求" || !strings.Contains(got.Body, "意见：请尽快。") {
			t.Errorf("%+v", got)
		}
		w.do("op3", no, "return", procedure.Act{Opinion: "请写明用途。"})
		for _, p := range []string{"op1", "op2", "op3"} {
			w.expect(p, "") // the move was made, what asked for it is closed
		}
		w.expect("dev1", "todo 退回：数据需求")
		if got := w.news("dev1")[0].Body; !strings.Contains(got, "意见：请写明用途。请按意见") {
			t.Error(got)
		}
		w.do("dev1", no, "submit", procedure.Act{})
		w.expect("dev1", "")
		w.do("op1", no, "copy", procedure.Act{Input: json.RawMessage(`{"orgs":["au"]}`)})
		w.expect("au1", "system 抄送：数据需求")
		w.do("op1", no, "copy", procedure.Act{Input: json.RawMessage(`{"orgs":["au"]}`)})
		w.expect("au1", "system 抄送：数据需求")
		w.do("op1", no, "refuse", procedure.Act{Opinion: "超出授权范围"})
		got := w.news("dev1")
		if len(got) != 1 || got[0].Kind != party.KindSystem || got[0].Title != "办结：数据需求" || !strings.Contains(got[0].Body, "不予同意") ||
			!strings.Contains(got[0].Body, "超出授权范围") || got[0].CaseNo != no {
			t.Errorf("%+v", got)
		}
	})
}

func TestOverdueIsToldOnceToTheDeskAndItsLead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.office()
		no := w.start("dev1", "用电分析")
		w.do("dev1", no, "submit", procedure.Act{})
		w.do("op2", no, "claim", procedure.Act{})
		w.clock.At = w.clock.At.AddDate(0, 1, 0)
		for range 2 {
			_, err := w.Tick(ctx)
			w.must(err)
		}
		w.expect("op2", "todo 逾期：数据需求; todo 待办：数据需求")
		w.expect("op1", "system 本单位事项逾期：数据需求; todo 待办：数据需求")
		w.expect("op3", "todo 待办：数据需求")
		// What is overdue in a later round is told again.
		w.do("op2", no, "return", procedure.Act{Opinion: "补充"})
		w.do("dev1", no, "submit", procedure.Act{})
		w.clock.At = w.clock.At.AddDate(0, 1, 0)
		_, err := w.Tick(ctx)
		w.must(err)
		w.expect("op3", "todo 逾期：数据需求; todo 待办：数据需求")
	})
}

func TestTheInboxIsReadByItsOwnerOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.office()
		for range party.InboxPage + 5 {
			w.do("dev1", w.start("dev1", "用电分析"), "submit", procedure.Act{})
			w.clock.At = w.clock.At.Add(time.Second)
		}
		n, err := w.inbox.Unread(ctx, "op1")
		w.must(err)
		page, next, err := w.inbox.List(ctx, "op1", "", false, "")
		w.must(err)
		rest, end, err := w.inbox.List(ctx, "op1", "todo", false, next)
		w.must(err)
		if n != party.InboxPage+5 || len(page) != party.InboxPage || len(rest) != 5 || end != "" || page[0].At.Before(rest[0].At.Time) {
			t.Fatalf("%d unread, %d + %d", n, len(page), len(rest))
		}
		seen := map[string]bool{}
		for _, m := range append(page, rest...) {
			if seen[m.ID] || m.Read {
				t.Error("twice or read", m.ID)
			}
			seen[m.ID] = true
		}
		if err := w.inbox.MarkRead(ctx, "op2", page[0].ID); !errors.Is(err, store.ErrNotFound) {
			t.Error("another's message was marked", err)
		}
		w.must(w.inbox.MarkRead(ctx, "op1", page[0].ID))
		if n, _ = w.inbox.Unread(ctx, "op1"); n != party.InboxPage+4 {
			t.Error(n)
		}
		w.must(w.inbox.MarkRead(ctx, "op1", ""))
		if n, _ = w.inbox.Unread(ctx, "op1"); n != 0 {
			t.Error(n)
		}
		if n, _ = w.inbox.Unread(ctx, "op2"); n != party.InboxPage+5 {
			t.Error("another's inbox was marked")
		}
		if _, _, err := w.inbox.List(ctx, "op1", "", false, "%%%"); err != nil {
			t.Error(err)
		}
	})
}

// reachable gives a person a telephone and a mail address.
func (w *world) reachable(user string) string {
	w.t.Helper()
	p, err := w.ids.Prepare(ctx, identity.NewAccount{NewPerson: identity.NewPerson{Username: user, Name: "经办人", Phone: "13800138000"}, Mail: user + "@example.org", Hash: noPassword})
	w.must(err)
	_, err = w.db.Update(ctx, func(x *store.Tx) (audit.Entry, error) { return p.Entry("test", "open"), p.Open(x) })
	w.must(err)
	return p.Person()
}

// post keeps what was sent and fails as often as it is told to.
type post struct {
	mu   sync.Mutex
	fail int
	sent []party.Letter
}

func (p *post) Send(_ context.Context, l party.Letter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail > 0 {
		p.fail--
		return errors.New("gateway down")
	}
	p.sent = append(p.sent, l)
	return nil
}

func TestLettersLeaveOnceAndNotAtNight(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.office()
		who := w.reachable("oper")
		w.change(func(x *store.Tx) error {
			return party.Appoint(x, party.Membership{Person: who, Org: "op", Role: party.Operator})
		})
		w.clock.At = time.Date(2026, 3, 2, 22, 30, 0, 0, calendar.Shanghai)
		no := w.start("dev1", "机密标题")
		w.do("dev1", no, "submit", procedure.Act{})
		out := &post{}
		drain := func() int {
			n, err := party.Drain(ctx, w.db, kek, out)
			w.must(err)
			return n
		}
		if n := drain(); n != 0 {
			t.Fatalf("%d letters at night", n)
		}
		w.clock.At = time.Date(2026, 3, 3, 7, 59, 59, 0, calendar.Shanghai)
		if drain() != 0 {
			t.Fatal("too early")
		}
		w.clock.At = time.Date(2026, 3, 3, 8, 0, 0, 0, calendar.Shanghai)
		out.fail = 1
		if drain() != 0 {
			t.Fatal("sent and failed")
		}
		if drain() != 0 {
			t.Fatal("tried again at once")
		}
		w.clock.At = w.clock.At.Add(time.Minute)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := party.Drain(ctx, w.db, kek, out); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(out.sent) != 1 {
			t.Fatalf("%d letters by three drainers", len(out.sent))
		}
		l := out.sent[0]
		if l.Channel != "sms" || l.To != "13800138000" || strings.Contains(l.Body, "机密标题") || !strings.Contains(l.Body, no) || l.Key == "" {
			t.Errorf("%+v", l)
		}
		w.do("dev1", no, "urge", procedure.Act{})
		drain()
		if len(out.sent) != 3 || out.sent[1].Channel == out.sent[2].Channel {
			t.Fatalf("%+v", out.sent)
		}
	})
}

// nosy drains again in the middle of a draining.
type nosy struct {
	post
	again func()
}

func (n *nosy) Send(ctx context.Context, l party.Letter) error {
	if f := n.again; f != nil {
		n.again = nil
		f()
	}
	return n.post.Send(ctx, l)
}

func TestTwoDrainersDoNotSendTheSame(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.office()
		who := w.reachable("oper")
		w.change(func(x *store.Tx) error {
			return party.Appoint(x, party.Membership{Person: who, Org: "op", Role: party.Operator})
		})
		for range 3 {
			w.do("dev1", w.start("dev1", "用电分析"), "submit", procedure.Act{})
		}
		out := &nosy{}
		out.again = func() {
			n, err := party.Drain(ctx, w.db, kek, out)
			if n != 2 || err != nil {
				t.Errorf("the second drainer sent %d, %v", n, err)
			}
		}
		n, err := party.Drain(ctx, w.db, kek, out)
		w.must(err)
		if n != 1 || len(out.sent) != 3 {
			t.Errorf("the first sent %d, %d letters in all", n, len(out.sent))
		}
	})
}

func TestADirectoryTakesEachLetterOnce(t *testing.T) {
	d := party.Directory{Path: filepath.Join(t.TempDir(), "outbox")}
	l := party.Letter{Key: "sms/m_1/../../x", Channel: "sms", To: "13800138000", Title: "待办", Body: "正文"}
	for range 2 {
		if err := d.Send(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(d.Path)
	if err != nil || len(files) != 1 || files[0].Name() != "sms-m_1-------x.json" {
		t.Fatal(files, err)
	}
	b, err := os.ReadFile(filepath.Join(d.Path, files[0].Name()))
	var got map[string]string
	if err != nil || json.Unmarshal(b, &got) != nil || got["body"] != "正文" || got["key"] != l.Key {
		t.Fatalf("%s %v", b, err)
	}
}

func TestTheDailyDigest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.office()
		for range 3 {
			w.do("dev1", w.start("dev1", "用电分析"), "submit", procedure.Act{})
		}
		no := w.start("dev2", "未提交")
		w.clock.At = w.clock.At.AddDate(0, 1, 0)
		n, err := party.Digest(ctx, w.db)
		w.must(err)
		if n != 4 { // three of the operator, one of the developer
			t.Fatalf("%d digests", n)
		}
		if n, err = party.Digest(ctx, w.db); n != 0 || err != nil {
			t.Fatal("twice on one day", n, err)
		}
		m := w.news("op3")[0]
		if m.Title != "今日待办 3 件" || !strings.Contains(m.Body, "逾期 3 件") || strings.Count(m.Body, "用电分析") != 3 {
			t.Errorf("%+v", m)
		}
		if m := w.news("dev2")[0]; m.Title != "今日待办 1 件" || !strings.Contains(m.Body, no) || !strings.Contains(m.Body, "逾期 0 件") {
			t.Errorf("%+v", m)
		}
		w.clock.At = w.clock.At.AddDate(0, 0, 1)
		if n, err = party.Digest(ctx, w.db); n != 4 || err != nil {
			t.Fatal(n, err)
		}
	})
}

func TestQuietHours(t *testing.T) {
	at := func(s string) time.Time {
		x, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Shanghai)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range []struct {
		from, to int
		t, want  string
	}{
		{21, 8, "2026-03-02 20:59", "2026-03-02 20:59"}, {21, 8, "2026-03-02 21:00", "2026-03-03 08:00"}, {21, 8, "2026-03-03 00:00", "2026-03-03 08:00"},
		{21, 8, "2026-03-03 07:59", "2026-03-03 08:00"}, {21, 8, "2026-03-03 08:00", "2026-03-03 08:00"}, {21, 8, "2026-12-31 23:00", "2027-01-01 08:00"},
		{12, 14, "2026-03-03 12:30", "2026-03-03 14:00"}, {12, 14, "2026-03-03 14:00", "2026-03-03 14:00"}, {9, 9, "2026-03-03 09:30", "2026-03-03 09:30"},
		{0, 8, "2026-03-03 00:00", "2026-03-03 08:00"},
	} {
		if got := party.LoudForTest(at(c.t), c.from, c.to); !got.Equal(at(c.want)) {
			t.Errorf("%d–%d %s: %s", c.from, c.to, c.t, got)
		}
	}
}
