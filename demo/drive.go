package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// Form is what goes into a case.
type Form = map[string]any

// Driver drives a running platform through its public API as the demonstration's people. The
// first thing that goes wrong stops it; Err says what.
type Driver struct {
	URL     string
	Context context.Context          // ends the work early; nil = nothing does
	Advance func(to time.Time) error // moves business time and lets the clock take its steps
	Wait    func(user string) error  // lets background work a person can see come to rest
	people  map[string]*http.Client
	seen    map[string]int64 // revisions of cases as last answered
	err     error
}

// Err is the first thing that went wrong.
func (d *Driver) Err() error { return d.err }

// Fail stops the driver, unless it has been stopped before.
func (d *Driver) Fail(format string, a ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, a...)
	}
}

// To moves business time.
func (d *Driver) To(at time.Time) {
	if d.err == nil {
		if err := d.Advance(at); err != nil {
			d.Fail("advance to %s: %w", at.Format(time.RFC3339), err)
		}
	}
}

// Rest waits for background work.
func (d *Driver) Rest(user string) {
	if d.err == nil {
		if err := d.Wait(user); err != nil {
			d.Fail("wait for the jobs: %w", err)
		}
	}
}

func (d *Driver) context() context.Context {
	if d.Context == nil {
		return context.Background()
	}
	return d.Context
}

func (d *Driver) client(user string) *http.Client {
	if c, ok := d.people[user]; ok {
		return c
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.Fail("cookies: %w", err)
	}
	c := &http.Client{Jar: jar, Timeout: 2 * time.Minute}
	if d.people == nil {
		d.people = map[string]*http.Client{}
	}
	d.people[user] = c
	if status, body := d.raw(c, "POST", "/api/session", Form{"user": user, "password": Password}, nil); status != 200 {
		d.Fail("%s cannot sign in: %d %s", user, status, body)
	}
	return c
}

func (d *Driver) raw(c *http.Client, method, path string, body any, header map[string]string) (int, []byte) {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			d.Fail("%s: %w", path, err)
			return 0, nil
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(d.context(), method, d.URL+path, r)
	if err != nil {
		d.Fail("%s: %w", path, err)
		return 0, nil
	}
	req.Header.Set("X-Pado", "1")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	status, answer := d.send(c, req)
	// Signing in counts for some minutes; who takes longer is asked again, as people are.
	if status == http.StatusForbidden && bytes.Contains(answer, []byte(`"session.confirm"`)) {
		if status, b := d.raw(c, "POST", "/api/session/confirm", Form{"password": Password}, nil); status != http.StatusOK {
			d.Fail("confirm: %d %s", status, b)
			return status, b
		}
		return d.raw(c, method, path, body, header)
	}
	return status, answer
}

func (d *Driver) send(c *http.Client, req *http.Request) (int, []byte) {
	res, err := c.Do(req)
	if err != nil {
		d.Fail("%s: %w", req.URL.Path, err)
		return 0, nil
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		d.Fail("%s: %w", req.URL.Path, err)
	}
	return res.StatusCode, b
}

// Register makes an account of a member of the public.
func (d *Driver) Register(user string, body Form) {
	if d.err == nil {
		if status, b := d.raw(&http.Client{Timeout: time.Minute}, "POST", "/api/registration", body, nil); status != 201 {
			d.Fail("%s cannot register: %d %s", user, status, b)
		}
	}
}

// Call makes one request as a person and returns status and body.
func (d *Driver) Call(user, method, path string, body any) (int, []byte) {
	if d.err != nil {
		return 0, nil
	}
	return d.raw(d.client(user), method, path, body, nil)
}

// Get reads JSON as a person.
func (d *Driver) Get(user, path string, dst any) {
	status, b := d.Call(user, "GET", path, nil)
	if d.err != nil {
		return
	}
	if status != 200 {
		d.Fail("%s reads %s: %d %s", user, path, status, b)
	} else if err := json.Unmarshal(b, dst); err != nil {
		d.Fail("%s: %w", path, err)
	}
}

// Post sends JSON as a person and must succeed.
func (d *Driver) Post(user, path string, body, dst any) {
	status, b := d.Call(user, "POST", path, body)
	if d.err != nil {
		return
	}
	if status < 200 || status > 299 {
		d.Fail("%s posts %s: %d %s", user, path, status, b)
	} else if dst != nil {
		if err := json.Unmarshal(b, dst); err != nil {
			d.Fail("%s: %w", path, err)
		}
	}
}

// Case is what the driver reads of a case.
type Case struct {
	No, Subject string
	Revision    int64
	State       struct{ ID, Label string }
	Form        Form
	History     []struct {
		Action, DocNo string
		Seq           int64
	}
}

// See reads a case.
func (d *Driver) See(user, no string) (c Case) {
	d.Get(user, "/api/cases/"+no, &c)
	if c.Form == nil {
		c.Form = Form{}
	}
	d.note(c)
	return c
}

// note remembers where a case stands, so that the next step need not read it first.
func (d *Driver) note(c Case) {
	if d.seen == nil {
		d.seen = map[string]int64{}
	}
	if c.No != "" {
		d.seen[c.No] = c.Revision
	}
}

// Start opens a case and returns its number.
func (d *Driver) Start(user, procedure string, f Form) string {
	var c Case
	d.Post(user, "/api/procedures/"+procedure+"/cases", Form{"form": f}, &c)
	d.note(c)
	return c.No
}

// Act is what a person hands in with a step.
type Act struct {
	Form    Form
	Input   Form
	Opinion string
	Files   []string
	As      string
}

// Do takes a step that must succeed.
func (d *Driver) Do(user, no, action string, a Act) (c Case) {
	status, b := d.Try(user, no, action, a)
	if d.err != nil {
		return c
	}
	if status != 200 {
		d.Fail("%s does %s on %s: %d %s", user, action, no, status, b)
	} else if err := json.Unmarshal(b, &c); err != nil {
		d.Fail("%s: %w", action, err)
	}
	d.note(c)
	return c
}

// Try takes a step and returns the answer, whatever it is. Where the clock has moved the case since
// it was last seen, it is read again and the step is tried once more.
func (d *Driver) Try(user, no, action string, a Act) (int, []byte) {
	revision, known := d.seen[no]
	if !known {
		revision = d.See(user, no).Revision
	}
	status, b := d.try(user, no, action, revision, a)
	if known && status == http.StatusConflict {
		status, b = d.try(user, no, action, d.See(user, no).Revision, a)
	}
	return status, b
}

func (d *Driver) try(user, no, action string, revision int64, a Act) (int, []byte) {
	if d.err != nil {
		return 0, nil
	}
	body := Form{}
	for k, v := range map[string]any{"form": a.Form, "input": a.Input, "opinion": a.Opinion, "attachments": a.Files, "as": a.As} {
		switch x := v.(type) {
		case Form:
			if x != nil {
				body[k] = x
			}
		case string:
			if x != "" {
				body[k] = x
			}
		case []string:
			if len(x) > 0 {
				body[k] = x
			}
		}
	}
	return d.raw(d.client(user), "POST", "/api/cases/"+no+"/"+action, body, map[string]string{"If-Match": fmt.Sprint(revision)})
}

// Attach uploads a file and returns its id.
func (d *Driver) Attach(user, name string, content []byte) string {
	if d.err != nil {
		return ""
	}
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	f, err := m.CreateFormFile("file", name)
	if err == nil {
		_, err = f.Write(content)
	}
	if err = errors.Join(err, m.Close()); err != nil {
		d.Fail("attach %s: %w", name, err)
		return ""
	}
	req, err := http.NewRequestWithContext(d.context(), "POST", d.URL+"/api/attachments", &b)
	if err != nil {
		d.Fail("attach: %w", err)
		return ""
	}
	req.Header.Set("X-Pado", "1")
	req.Header.Set("Content-Type", m.FormDataContentType())
	status, body := d.send(d.client(user), req)
	var a struct{ ID string }
	if err := json.Unmarshal(body, &a); err != nil || status != 201 {
		d.Fail("%s uploads %s: %d %s", user, name, status, body)
	}
	return a.ID
}

// Pick finds the value of a choice by its label or value.
func (d *Driver) Pick(user, list, want string) string {
	var out struct {
		Items []struct{ Value, Label string }
	}
	for _, q := range []string{"", "?q=" + url.QueryEscape(want)} { // some lists answer to what is typed only
		d.Get(user, "/api/choices/"+list+q, &out)
		for _, o := range out.Items {
			if o.Label == want || o.Value == want {
				return o.Value
			}
		}
		for _, o := range out.Items {
			if want != "" && strings.Contains(o.Label, want) {
				return o.Value
			}
		}
	}
	d.Fail("%s finds no %q in the list %s: %+v", user, want, list, out.Items)
	return ""
}

// step is one act of a walk: who does what. A return to the drafter carries its opinion.
type step struct {
	user, do string
	act      Act
}

// walk takes steps one after the other.
func (d *Driver) walk(no string, steps ...step) string {
	for _, s := range steps {
		d.Do(s.user, no, s.do, s.act)
	}
	return no
}

// spread opens one case for each path and walks it, so that the cases of one kind come to rest in
// different states. fresh opens the n-th case.
func (d *Driver) spread(fresh func(n int) string, paths ...[]step) (list []string) {
	for i, p := range paths {
		list = append(list, d.walk(fresh(i), p...))
	}
	return list
}

// say is a step with an opinion only.
func say(user, do, opinion string) step { return step{user, do, Act{Opinion: opinion}} }

// plainly is a step that asks for nothing.
func plainly(user, do string) step { return step{user: user, do: do} }

// with is a step with the act's own fields.
func with(user, do string, input Form) step { return step{user, do, Act{Input: input}} }

// paper is a step that hands in a made-up signed scan.
func (d *Driver) paper(user, do, name string, a Act) step {
	a.Files = append(a.Files, d.Attach(user, name, signed))
	return step{user, do, a}
}

// path is a list of steps.
func path(steps ...step) []step { return steps }

// Must stops the driver when a case is not in the state.
func (d *Driver) Must(user, no, state string) {
	if c := d.See(user, no); d.err == nil && c.State.ID != state {
		d.Fail("case %s is in %s instead of %s", no, c.State.ID, state)
	}
}
