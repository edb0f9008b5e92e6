package stories

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// ack is a case number the platform has confirmed, at the revision it confirmed.
type ack struct {
	no       string
	revision int64
	by       *person
}

// writer opens and decides cases of its organisation until a request fails, and returns what was
// confirmed to it. A request that fails while the platform is killed proves nothing either way.
func writer(p *person, seen *atomic.Int64) (done []ack) {
	send := func(path string, body form, revision int64) (c caseView, ok bool) {
		b, err := json.Marshal(body)
		if err != nil {
			return c, false
		}
		req, err := http.NewRequest("POST", p.w.url+path, bytes.NewReader(b))
		if err != nil {
			return c, false
		}
		req.Header.Set("X-Pado", "1")
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("If-Match", fmt.Sprint(revision))
		res, err := p.http.Do(req)
		if err != nil {
			return c, false
		}
		defer res.Body.Close()
		if res.StatusCode/100 != 2 {
			return c, false
		}
		return c, json.NewDecoder(res.Body).Decode(&c) == nil
	}
	for {
		c, ok := send("/api/procedures/p04_chain/cases", form{"form": form{"procedure": "*", "stages": "direct", "reason": "写入时断电的检验"}}, 0)
		if !ok {
			return done
		}
		done = append(done, ack{c.No, c.Revision, p})
		seen.Add(1)
		if c, ok = send("/api/cases/"+c.No+"/set", form{}, c.Revision); !ok {
			return done
		}
		done[len(done)-1].revision = c.Revision
	}
}

// The platform is killed while people write, again and again: whatever was confirmed to anyone is
// there afterwards with its entries, and the log verifies every time.
func TestKilledUnderLoadNothingConfirmedIsLost(t *testing.T) {
	engines(t, func(w *world) {
		rounds := 6
		if w.db != "" {
			rounds = 3
		}
		users := []string{"county1", "county2", "county3", "county4"}
		for _, u := range users {
			w.as(u)
		}
		w.as("auditadmin")
		for round := range rounds {
			var (
				seen atomic.Int64
				wait sync.WaitGroup
				all  = make([][]ack, len(users))
			)
			enough := make(chan struct{})
			for i, u := range users {
				p := w.as(u)
				wait.Go(func() { all[i] = writer(p, &seen) })
			}
			go func() {
				defer close(enough)
				for seen.Load() < int64(12+5*round) {
					select {
					case <-w.server.ended:
						return
					default:
						// Ask the platform itself: waiting is more load.
						if res, err := http.Get(w.url + "/api/health"); err == nil {
							io.Copy(io.Discard, res.Body)
							res.Body.Close()
						}
					}
				}
			}()
			<-enough
			w.server.end(syscall.SIGKILL)
			wait.Wait()
			w.pado("audit", "verify")
			w.serve()
			n := 0
			for _, done := range all {
				for _, a := range done {
					n++
					w.confirmed(a)
				}
			}
			if n < 12 {
				w.Fatalf("round %d: only %d cases were confirmed before the kill", round, n)
			}
			w.pado("audit", "verify")
		}
		w.end()
	})
}

// confirmed checks that a confirmed case is there at least at its revision, with an entry for each.
func (w *world) confirmed(a ack) {
	w.Helper()
	c := a.by.see(a.no)
	if c.Revision < a.revision {
		w.Fatalf("%s was confirmed at revision %d and is at %d", a.no, a.revision, c.Revision)
	}
	if len(c.History) < int(a.revision) {
		w.Fatalf("%s: revision %d, but only %d acts on record", a.no, a.revision, len(c.History))
	}
	var log struct {
		Items []struct{ Object, Result string }
	}
	w.as("auditadmin").get("/api/log?object="+a.no, &log)
	entries := 0
	for _, e := range log.Items {
		if e.Object == a.no {
			entries++
		}
	}
	if entries < int(a.revision) {
		w.Fatalf("%s: revision %d, but only %d entries in the log", a.no, a.revision, entries)
	}
}

// A full disk: writing stops with an answer that says so, reading goes on, and once there is
// space again everything works without a restart.
func TestAFullDiskStopsWritingOnly(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small file system needs root: the full disk is not tried")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("a small file system cannot be mounted here (%v): the full disk is not tried", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	w := &world{T: t, dir: filepath.Join(disk, "city"), people: map[string]*person{}}
	w.pado("demo", "--bare")
	w.serve()
	p := w.as("county1")
	first := p.start("p04_chain", form{"procedure": "*", "stages": "direct"})

	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	var stopped string
	for range 200 { // what is left inside pages already allocated may still take a few
		status, b := p.call("POST", "/api/procedures/p04_chain/cases", form{"form": form{"procedure": "*", "stages": "direct"}}, nil)
		if status == 201 {
			fill(t, ballast)
			continue
		}
		stopped = p.problem(status, b, 503, "read_only")
		break
	}
	if stopped == "" {
		t.Fatal("a full disk never stopped a write")
	}
	status, b := p.call("POST", "/api/cases/"+first+"/set", act{}, map[string]string{"If-Match": "1"})
	p.problem(status, b, 503, "read_only")
	status, b = p.upload("a.pdf", bytes.NewReader(bytes.Repeat([]byte("x"), 1<<20)))
	p.problem(status, b, 503, "read_only")
	if h := w.health(); h != "read_only" {
		t.Errorf("health says %q while the disk is full", h)
	}
	if c := p.see(first); c.Revision != 1 || c.State.ID != "draft" {
		t.Errorf("a refused write moved the case: %+v", c)
	}
	var list struct{ Items []struct{ No string } }
	p.get("/api/cases?tab=todo", &list)
	if len(list.Items) == 0 {
		t.Error("the work list is empty while the disk is full")
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if c := p.do(first, "set", act{}); c.State.ID != "set" {
		t.Errorf("after space was freed: %+v", c.State)
	}
	p.attach("a.pdf", []byte("%PDF-1.4"))
	if h := w.health(); h != "ok" {
		t.Errorf("health says %q after space was freed", h)
	}
	w.end()
	w.server.end(os.Interrupt)
}

// fill appends to a file until the file system takes nothing more.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		n, err := f.Write(make([]byte, size))
		switch {
		case errors.Is(err, syscall.ENOSPC) && n == 0:
			size /= 2
		case err != nil && !errors.Is(err, syscall.ENOSPC):
			t.Fatal(err)
		}
	}
}

func (w *world) health() string {
	w.Helper()
	var h struct{ Status string }
	w.guest().get("/api/health", &h)
	return h.Status
}

// problem checks that an answer is the refusal it should be, in Chinese, and returns its detail.
func (p *person) problem(status int, body []byte, wantStatus int, wantCode string) string {
	p.w.Helper()
	var pr struct{ Code, Detail string }
	if err := json.Unmarshal(body, &pr); err != nil || status != wantStatus || pr.Code != wantCode {
		p.w.Fatalf("%d %s, want %d %s", status, body, wantStatus, wantCode)
	}
	for _, r := range pr.Detail {
		if r >= 0x4e00 && r <= 0x9fff {
			return pr.Detail
		}
	}
	p.w.Fatalf("%s says nothing in Chinese: %q", pr.Code, pr.Detail)
	return ""
}

// upload sends a file as it is read and returns status and body.
func (p *person) upload(name string, content io.Reader) (int, []byte) {
	p.w.Helper()
	r, pipe := io.Pipe()
	m := multipart.NewWriter(pipe)
	go func() {
		f, err := m.CreateFormFile("file", name)
		if err == nil {
			_, err = io.Copy(f, content)
		}
		pipe.CloseWithError(errors.Join(err, m.Close()))
	}()
	req, err := http.NewRequest("POST", p.w.url+"/api/attachments", r)
	if err != nil {
		p.w.Fatal(err)
	}
	req.Header.Set("X-Pado", "1")
	req.Header.Set("Content-Type", m.FormDataContentType())
	res, err := p.http.Do(req)
	if err != nil {
		p.w.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		p.w.Fatal(err)
	}
	return res.StatusCode, b
}

// Bad input of every kind gets its code, and nothing changes.
func TestBadInputChangesNothing(t *testing.T) {
	engines(t, func(w *world) {
		p := w.as("county1")
		good := form{"procedure": "*", "stages": "direct"}
		draft, set := p.start("p04_chain", good), p.start("p04_chain", good)
		p.do(set, "set", act{})
		foreign := w.as("county2").start("p04_chain", good)
		const start = "/api/procedures/p04_chain/cases"
		match := func(n string) map[string]string { return map[string]string{"If-Match": n} }
		raw := func(path, media, body string, header map[string]string) func() (int, []byte) {
			return func() (int, []byte) { return p.raw("POST", path, media, body, header) }
		}
		call := func(method, path string, body any, header map[string]string) func() (int, []byte) {
			return func() (int, []byte) { return p.call(method, path, body, header) }
		}
		for _, c := range []struct {
			name   string
			send   func() (int, []byte)
			status int
			code   string
		}{
			{"a field that is not there", call("POST", start, form{"form": form{"procedure": "*", "stages": "direct", "nosuch": 1}}, nil), 422, "form.invalid"},
			{"a value that is no choice", call("POST", start, form{"form": form{"procedure": "*", "stages": "quadruple"}}, nil), 422, "form.invalid"},
			{"a number for a text", call("POST", start, form{"form": form{"procedure": 7}}, nil), 422, "form.invalid"},
			{"a procedure that is not there", call("POST", "/api/procedures/p99_none/cases", form{"form": good}, nil), 404, "not_found"},
			{"a revision not yet reached", call("POST", "/api/cases/"+draft+"/set", act{}, match("7")), 409, "case.stale"},
			{"a revision left behind", call("POST", "/api/cases/"+set+"/set", act{}, match("1")), 409, "case.stale"},
			{"no revision", call("POST", "/api/cases/"+draft+"/set", act{}, nil), 428, "request.if_match"},
			{"a revision that is no number", call("POST", "/api/cases/"+draft+"/set", act{}, match("x")), 428, "request.if_match"},
			{"a step out of order", call("POST", "/api/cases/"+set+"/set", act{}, match("2")), 422, "case.step"},
			{"a step that is not there", call("POST", "/api/cases/"+draft+"/approve", act{}, match("1")), 422, "case.step"},
			{"somebody else's case", call("POST", "/api/cases/"+foreign+"/set", act{}, match("1")), 404, "not_found"},
			{"reading somebody else's case", call("GET", "/api/cases/"+foreign, nil, nil), 404, "not_found"},
			{"half a document", raw(start, "application/json", `{"form":{"procedure":`, nil), 400, "request.malformed"},
			{"no document at all", raw(start, "application/json", "\x00\xff", nil), 400, "request.malformed"},
			{"a body beyond the limit", raw(start, "application/json", `{"form":{"reason":"`+string(bytes.Repeat([]byte("a"), 8<<20))+`"}}`, nil), 413, "request.too_large"},
			{"a request of a foreign page", raw(start, "application/json", `{"form":{}}`, map[string]string{"X-Pado": ""}), 403, "request.origin"},
			{"a program as attachment", func() (int, []byte) { return p.upload("setup.exe", bytes.NewReader([]byte("MZ"))) }, 415, "attachment.kind"},
			{"an attachment beyond the limit", func() (int, []byte) { return p.upload("big.pdf", io.LimitReader(zeros{}, 200<<20+1)) }, 413, "request.too_large"},
			{"a file that was never uploaded", call("GET", "/api/attachments/at_none", nil, nil), 404, "not_found"},
		} {
			w.Log(c.name)
			before := w.trace(p, draft, set)
			status, b := c.send()
			var pr struct{ Code, Detail string }
			if err := json.Unmarshal(b, &pr); err != nil || status != c.status || pr.Code != c.code || pr.Detail == "" {
				w.Errorf("%s: %d %.300s, want %d %s", c.name, status, b, c.status, c.code)
			}
			if after := w.trace(p, draft, set); after != before {
				w.Errorf("%s changed something:\n%s\n%s", c.name, before, after)
			}
		}
		w.end()
	})
}

// What is left of a refused body is never taken for the next request: the connection ends.
func TestARefusedBodyIsNoSecondRequest(t *testing.T) {
	w := open(t, "")
	p := w.as("county1")
	at, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", at.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := strings.Repeat("GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n", 100_000)
	sent := make(chan error, 1)
	go func() {
		_, err := fmt.Fprintf(conn, "POST /api/procedures/p04_chain/cases HTTP/1.1\r\nHost: %s\r\nX-Pado: 1\r\nCookie: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			at.Host, cookies(p, at), len(body), body)
		sent <- err
	}()
	var got bytes.Buffer
	io.Copy(&got, conn) //nolint:errcheck // a reset after the answer is an end like any other
	conn.Close()
	<-sent
	if n := strings.Count(got.String(), "HTTP/1.1 "); n != 1 || !strings.HasPrefix(got.String(), "HTTP/1.1 413 ") {
		t.Fatalf("%d answers to one request: %.400s", n, got.String())
	}
	w.end()
}

func cookies(p *person, at *url.URL) string {
	var s []string
	for _, c := range p.http.Jar.Cookies(at) {
		s = append(s, c.Name+"="+c.Value)
	}
	return strings.Join(s, "; ")
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func (p *person) raw(method, path, media, body string, header map[string]string) (int, []byte) {
	p.w.Helper()
	req, err := http.NewRequest(method, p.w.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		p.w.Fatal(err)
	}
	req.Header.Set("X-Pado", "1")
	req.Header.Set("Content-Type", media)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := p.http.Do(req)
	if err != nil {
		p.w.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		p.w.Fatal(err)
	}
	return res.StatusCode, b
}

// trace is what a refused request may not change: the cases, how many there are, the files kept.
func (w *world) trace(p *person, cases ...string) string {
	w.Helper()
	var list struct{ Items []struct{ No, State string } }
	p.get("/api/cases?tab=started&size=100", &list)
	s := fmt.Sprint(list)
	for _, no := range cases {
		c := p.see(no)
		s += fmt.Sprint(no, c.Revision, c.State, c.Form, len(c.History))
	}
	kept := 0
	err := filepath.WalkDir(filepath.Join(w.dir, "files"), func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			kept++
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.Fatal(err)
	}
	return fmt.Sprintf("%s %d files", s, kept)
}
