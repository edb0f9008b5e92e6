// Package stories runs end-to-end stories against the real binary through its public API, each
// step by its own role, on SQLite and PostgreSQL. Every story ends with the independent
// verification of the log.
package stories

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"pado/demo"
)

var binary string

// TestMain builds the binary, or takes the one PADO_BINARY names.
func TestMain(m *testing.M) {
	if name := os.Getenv("PADO_BINARY"); name != "" {
		var err error
		if binary, err = filepath.Abs(name); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "pado-stories")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "pado")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/pado").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %s", out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// engines runs a story on both databases; the PostgreSQL half skips with its reason.
func engines(t *testing.T, story func(*world)) {
	t.Run("sqlite", func(t *testing.T) { story(open(t, "")) })
	t.Run("postgres", func(t *testing.T) {
		dsn := os.Getenv("PADO_PG")
		if dsn == "" {
			t.Skip("PADO_PG is not set: the PostgreSQL half is not run")
		}
		name := fmt.Sprintf("pado_story_%d_%d", os.Getpid(), rand.Uint64())
		admin, err := sql.Open("pgx", dsn)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := admin.Exec("CREATE DATABASE " + name); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
				t.Error(err)
			}
			admin.Close()
		})
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		u.Path = "/" + name
		story(open(t, u.String()))
	})
}

// world is one running platform with the bare demonstration city.
type world struct {
	*testing.T
	dir, db, url string
	people       map[string]*person
	server       *server
}

func open(t *testing.T, db string) *world {
	w := &world{T: t, dir: filepath.Join(t.TempDir(), "city"), db: db, people: map[string]*person{}}
	w.pado("demo", "--bare")
	w.serve()
	return w
}

// pado runs a command on the story's records and returns what it printed.
func (w *world) pado(args ...string) string {
	w.Helper()
	out, err := w.try(args...)
	if err != nil {
		w.Fatalf("pado %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (w *world) try(args ...string) (string, error) {
	n := 1
	if args[0] == "clock" || args[0] == "audit" || args[0] == "ledger" || args[0] == "usage" {
		n = 2
	}
	full := append(append([]string{}, args[:n]...), "--data", w.dir)
	if w.db != "" {
		full = append(full, "--db", w.db)
	}
	out, err := exec.Command(binary, append(full, args[n:]...)...).CombinedOutput()
	return string(out), err
}

// serve starts the platform on a free port and stops it with the test.
func (w *world) serve() {
	w.Helper()
	ready := filepath.Join(w.TempDir(), "ready")
	args := []string{"serve", "--data", w.dir, "--listen", "127.0.0.1:0", "--ready-file", ready}
	if w.db != "" {
		args = append(args, "--db", w.db)
	}
	s := &server{cmd: exec.Command(binary, args...), ended: make(chan struct{})}
	s.cmd.WaitDelay = 15 * time.Second
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		w.Fatal(err)
	}
	go func() {
		s.cmd.Wait() //nolint:errcheck // how it ended is told by its log
		close(s.ended)
	}()
	w.server = s
	w.Cleanup(func() {
		s.end(os.Interrupt)
		if w.Failed() {
			w.Logf("the platform said:\n%s", s.log.String())
		}
	})
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.ended:
			w.Fatalf("the platform ended: %s", s.log.String())
		case <-tick.C:
		}
		if b, err := os.ReadFile(ready); err == nil && len(b) > 0 {
			w.url = "http://" + string(b)
			return
		}
	}
}

// server is one run of the platform.
type server struct {
	cmd   *exec.Cmd
	log   bytes.Buffer
	ended chan struct{}
}

// end signals the process and waits for its end; after 15 s it is killed.
func (s *server) end(sig os.Signal) {
	s.cmd.Process.Signal(sig) //nolint:errcheck // it may have ended already
	select {
	case <-s.ended:
	case <-time.After(15 * time.Second):
		s.cmd.Process.Kill() //nolint:errcheck // as above
		<-s.ended
	}
}

// restart stops the platform in good order and starts it again.
func (w *world) restart() {
	w.Helper()
	w.server.end(os.Interrupt)
	w.serve()
}

// advance moves business time and lets the clock take the steps it owes.
func (w *world) advance(to string) {
	w.Helper()
	w.pado("clock", "advance", "--to", to)
}

// person is a signed-in person.
type person struct {
	w    *world
	user string
	http *http.Client
}

// as signs a person of the demonstration city in, once.
func (w *world) as(user string) *person {
	w.Helper()
	if p, ok := w.people[user]; ok {
		return p
	}
	p := w.guest()
	p.user = user
	p.signIn(user, demo.Password)
	w.people[user] = p
	return p
}

func (w *world) guest() *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	return &person{w: w, http: &http.Client{Jar: jar, Timeout: 60 * time.Second}}
}

func (p *person) signIn(user, password string) {
	p.w.Helper()
	status, body := p.call("POST", "/api/session", map[string]any{"user": user, "password": password}, nil)
	if status != 200 {
		p.w.Fatalf("sign in as %s: %d %s", user, status, body)
	}
}

// call makes one request and returns status and body.
func (p *person) call(method, path string, body any, header map[string]string) (int, []byte) {
	p.w.Helper()
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			p.w.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, p.w.url+path, r)
	if err != nil {
		p.w.Fatal(err)
	}
	req.Header.Set("X-Pado", "1")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
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
	// Signing in counts for some minutes; a story that takes longer is asked again, as people are.
	if res.StatusCode == http.StatusForbidden && bytes.Contains(b, []byte(`"session.confirm"`)) {
		if status, answer := p.call("POST", "/api/session/confirm", map[string]any{"password": demo.Password}, nil); status != http.StatusOK {
			p.w.Fatalf("%s confirms: %d %s", p.user, status, answer)
		}
		return p.call(method, path, body, header)
	}
	return res.StatusCode, b
}

// get reads JSON into dst.
func (p *person) get(path string, dst any) {
	p.w.Helper()
	status, b := p.call("GET", path, nil, nil)
	if status != 200 {
		p.w.Fatalf("%s reads %s: %d %s", p.user, path, status, b)
	}
	if err := json.Unmarshal(b, dst); err != nil {
		p.w.Fatalf("%s: %v", path, err)
	}
}

// a case as the API shows it.
type caseView struct {
	No       string
	Revision int64
	State    struct{ ID, Label string }
	Subject  string
	Form     map[string]any
	Offers   []struct {
		Action  string
		Allowed bool
		Refusal *struct{ Code, Message string }
	}
	History []struct {
		Action, Label, DocNo string
		Seq                  int64
	}
	Due *struct{ Label, Level string }
}

type form = map[string]any

// start opens a case and returns its number.
func (p *person) start(procedure string, f form) string {
	p.w.Helper()
	status, b := p.call("POST", "/api/procedures/"+procedure+"/cases", form{"form": f}, nil)
	if status != 201 {
		p.w.Fatalf("%s starts %s: %d %s", p.user, procedure, status, b)
	}
	var c caseView
	if err := json.Unmarshal(b, &c); err != nil {
		p.w.Fatal(err)
	}
	return c.No
}

// see reads a case.
func (p *person) see(no string) caseView {
	p.w.Helper()
	var c caseView
	p.get("/api/cases/"+no, &c)
	return c
}

// act is what a person hands in with a step.
type act struct {
	Form        form     `json:"form,omitempty"`
	Input       form     `json:"input,omitempty"`
	Opinion     string   `json:"opinion,omitempty"`
	Attachments []string `json:"attachments,omitempty"`
	As          string   `json:"as,omitempty"`
}

// try takes a step and returns status and body.
func (p *person) try(no, action string, a act) (int, []byte) {
	p.w.Helper()
	c := p.see(no)
	return p.call("POST", "/api/cases/"+no+"/"+action, a, map[string]string{"If-Match": fmt.Sprint(c.Revision)})
}

// do takes a step that must succeed and returns the case after it.
func (p *person) do(no, action string, a act) caseView {
	p.w.Helper()
	status, b := p.try(no, action, a)
	if status != 200 {
		p.w.Fatalf("%s does %s on %s: %d %s", p.user, action, no, status, b)
	}
	var c caseView
	if err := json.Unmarshal(b, &c); err != nil {
		p.w.Fatal(err)
	}
	return c
}

// attach uploads a file and returns its id.
func (p *person) attach(name string, content []byte) string {
	p.w.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	f, err := m.CreateFormFile("file", name)
	if err != nil {
		p.w.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		p.w.Fatal(err)
	}
	if err := m.Close(); err != nil {
		p.w.Fatal(err)
	}
	req, err := http.NewRequest("POST", p.w.url+"/api/attachments", &b)
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
	var a struct{ ID, Code, Detail string }
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil || res.StatusCode != 201 {
		p.w.Fatalf("%s uploads %s: %d %+v %v", p.user, name, res.StatusCode, a, err)
	}
	return a.ID
}

// end checks what every story ends with: the log verifies from the records and by address.
func (w *world) end() {
	w.Helper()
	w.pado("audit", "verify")
	out, err := exec.Command(binary, "audit", "verify", "--url", w.url).CombinedOutput()
	if err != nil {
		w.Fatalf("verify by address: %v %s", err, out)
	}
}
