package verify_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"pado/core/audit"
	"pado/core/audit/verify"
)

// face serves a shown log the way the platform does, with the writer's own tile functions.
type face struct {
	*shown
	token  string
	page   int
	breaks func(w http.ResponseWriter, path string) bool // answers in its own way and says so
}

func (f *face) reader() nodeReader { return nodeReader{f.shown} }

type nodeReader struct{ s *shown }

func (r nodeReader) Nodes(level int, from int64, n int) ([]audit.Node, error) {
	var out []audit.Node
	for i := range int64(n) {
		h, ok := r.s.nodes[[2]int64{int64(level), from + i}]
		if !ok {
			return nil, errors.New("no such node")
		}
		out = append(out, audit.Node{Level: level, Index: from + i, SHA256: h.SHA256, SM3: h.SM3})
	}
	return out, nil
}

func (r nodeReader) Leaves(from int64, n int) ([][]byte, error) {
	var out [][]byte
	for _, row := range r.s.rows[from : from+int64(n)] {
		out = append(out, row.Public)
	}
	return out, nil
}

func (f *face) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if f.breaks != nil && f.breaks(w, path) {
		return
	}
	send := func(b []byte, err error) {
		if err != nil || b == nil {
			http.NotFound(w, r)
			return
		}
		w.Write(b)
	}
	switch path {
	case audit.CheckpointPath:
		send(f.ed, nil)
		return
	case audit.CheckpointSMPath:
		send(f.sm, nil)
		return
	case "/log/keys":
		var out []byte
		for _, row := range f.rows {
			if rec, err := audit.ParseBody(row.Body); err == nil && (rec.Type == audit.TypeGenesis || rec.Type == audit.TypeRotation) {
				line, _ := audit.Disclosure(row.Seq, row.Body, row.Salt)
				out = append(out, line...)
			}
		}
		send(out, nil)
		return
	case "/log/bodies":
		if r.Header.Get("Authorization") != "Bearer "+f.token || f.token == "" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		from, _ := strconv.Atoi(r.URL.Query().Get("from"))
		out := []byte{}
		for i := from; i < min(from+f.page, len(f.rows)); i++ {
			line, err := audit.Disclosure(f.rows[i].Seq, f.rows[i].Body, f.rows[i].Salt)
			if err == nil {
				out = append(out, line...)
			}
		}
		send(out, nil)
		return
	}
	p, err := audit.ParseTilePath(path)
	if err != nil || !p.Within(f.size) {
		http.NotFound(w, r)
		return
	}
	if p.Entries {
		send(audit.Entries(f.reader(), p.N, p.Width))
	} else {
		send(audit.Tile(f.reader(), p.Tree, p.Level, p.N, p.Width))
	}
}

func serve(t *testing.T, f *face) *verify.URLSource {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	src, err := verify.NewURL(server.URL+"/log/", f.token)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestOverHTTP(t *testing.T) {
	for _, n := range []int{1, 5, 256, 700, 4096 + 300} {
		c, opt := day(t, n)
		rep := run(t, serve(t, &face{shown: c.show(t)}), opt)
		if !rep.OK || rep.Size != int64(n) || rep.Bodies != 1 || rep.Nodes == 0 {
			t.Errorf("%d leaves in the open: %+v", n, rep)
		}
		rep = run(t, serve(t, &face{shown: c.show(t), token: "secret", page: 100}), opt)
		if !rep.OK || rep.Bodies != int64(n) {
			t.Errorf("%d leaves with bodies: %+v", n, rep)
		}
	}
}

func TestRotationOverHTTP(t *testing.T) {
	c := found(t, 5)
	c.work(t, 10)
	opt := c.options(t)
	e, err := audit.Rotation(c.keys.Signers(), generate(t, 51).Signers(), c.head)
	if err != nil {
		t.Fatal(err)
	}
	c.write(t, e)
	c.keys = generate(t, 51)
	c.work(t, 10)
	rep := run(t, serve(t, &face{shown: c.show(t)}), opt)
	if !rep.OK || rep.Rotations != 1 || rep.Bodies != 2 {
		t.Errorf("%+v", rep)
	}
}

func TestAttacksOverHTTP(t *testing.T) {
	c, opt := day(t, 900)
	edited := func() *shown {
		s := c.show(t)
		s.rows[333].Public = altered(s.rows[333].Public)
		return s
	}
	wants(t, run(t, serve(t, &face{shown: edited()}), opt), verify.KindAltered, 333)
	withBodies := &face{shown: edited(), token: "t", page: 50}
	wants(t, run(t, serve(t, withBodies), opt), verify.KindBody, 333)
	// The entries end early, though the checkpoint counts more.
	gone := &face{shown: c.show(t), breaks: func(w http.ResponseWriter, path string) bool {
		if strings.HasPrefix(path, "/log/tile/entries/002") {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		return false
	}}
	wants(t, run(t, serve(t, gone), opt), verify.KindTruncated, 512)
	// Partial bundles were dropped when the full ones came; a full one answers for both.
	full := &face{shown: c.show(t)}
	full.breaks = func(w http.ResponseWriter, path string) bool {
		if strings.Contains(path, ".p/") && strings.Contains(path, "entries") {
			w.WriteHeader(http.StatusGone)
			return true
		}
		if path == "/log/tile/entries/003" {
			b, _ := audit.Entries(full.reader(), 3, 900-768)
			w.Write(append(b, 0, 1, 'x'))
			return true
		}
		return false
	}
	if rep := run(t, serve(t, full), opt); !rep.OK {
		t.Errorf("%+v", rep)
	}
	// A tile that is not served, one with another hash, one that is short.
	for name, change := range map[string]func([]byte) []byte{
		"missing": func([]byte) []byte { return nil },
		"damaged": func(b []byte) []byte { b[32*7] ^= 1; return b },
		"short":   func(b []byte) []byte { return b[:64] },
	} {
		f := &face{shown: c.show(t)}
		f.breaks = func(w http.ResponseWriter, path string) bool {
			if path != "/log/sm3/tile/0/001" {
				return false
			}
			b, _ := audit.Tile(f.reader(), audit.SM3, 0, 1, 256)
			if b = change(b); b == nil {
				w.WriteHeader(http.StatusNotFound)
			}
			w.Write(b)
			return true
		}
		index := int64(256)
		if name == "damaged" {
			index += 7
		}
		wants(t, run(t, serve(t, f), opt), verify.KindNode, index)
	}
}

// TestHTTPTrouble: what keeps the verification from being carried out is an error, not a verdict.
func TestHTTPTrouble(t *testing.T) {
	c, opt := day(t, 300)
	elsewhere := httptest.NewServer(&face{shown: c.show(t)})
	defer elsewhere.Close()
	answer := func(prefix string, do func(w http.ResponseWriter)) *face {
		return &face{shown: c.show(t), breaks: func(w http.ResponseWriter, path string) bool {
			if !strings.HasPrefix(path, prefix) {
				return false
			}
			do(w)
			return true
		}}
	}
	for name, f := range map[string]*face{
		"entries fail":        answer("/log/tile/entries/001", func(w http.ResponseWriter) { w.WriteHeader(500) }),
		"entries cut short":   answer("/log/tile/entries/001", func(w http.ResponseWriter) { w.Write([]byte{1, 0, 'x'}) }),
		"entries without end": answer("/log/tile/entries/000", func(w http.ResponseWriter) { w.Write(make([]byte, 1<<20)) }),
		"tiles without end":   answer("/log/tile/0/000", func(w http.ResponseWriter) { w.Write(make([]byte, 1<<20)) }),
		"checkpoint fails":    answer("/log/checkpoint", func(w http.ResponseWriter) { w.WriteHeader(503) }),
		"checkpoint too long": answer("/log/checkpoint", func(w http.ResponseWriter) { w.Write(make([]byte, 1<<20)) }),
		"checkpoint elsewhere": answer("/log/checkpoint", func(w http.ResponseWriter) {
			w.Header().Set("Location", elsewhere.URL+"/log/checkpoint")
			w.WriteHeader(302)
		}),
		"keys unreadable": answer("/log/keys", func(w http.ResponseWriter) { w.Write([]byte("{}\n")) }),
	} {
		if rep, err := verify.Verify(t.Context(), serve(t, f), opt); err == nil {
			t.Errorf("%s: %+v", name, rep)
		}
	}
	refused := &face{shown: c.show(t), token: "t", page: 10}
	src := serve(t, refused)
	refused.token = "other"
	if _, err := verify.Verify(t.Context(), src, opt); err == nil {
		t.Error("bodies were refused and nobody said so")
	}
	circle := answer("/log/bodies", func(w http.ResponseWriter) {
		line, _ := audit.Disclosure(c.rows[0].Seq, c.rows[0].Body, c.rows[0].Salt)
		w.Write(line)
	})
	circle.token = "t"
	if _, err := verify.Verify(t.Context(), serve(t, circle), opt); err == nil {
		t.Error("pages that never advance went unnoticed")
	}
	none := &face{shown: &shown{}}
	wants(t, run(t, serve(t, none), opt), verify.KindCheckpoint, -1)
	for _, bad := range []string{"", "ftp://x/log", "http://", "http://x/log?y=z", "/log", "http://x/log#f", "http://\x00"} {
		if _, err := verify.NewURL(bad, ""); err == nil {
			t.Errorf("%q is taken for a log", bad)
		}
	}
}

// TestPairChanges: the two checkpoints are read as one pair, though a new pair is signed between the two reads.
func TestPairChanges(t *testing.T) {
	c, opt := day(t, 100)
	before := c.show(t)
	c.work(t, 50)
	f := &face{shown: c.show(t)}
	first := true
	f.breaks = func(w http.ResponseWriter, path string) bool {
		if path == "/log/checkpoint" && first {
			first = false
			w.Write(before.ed)
			return true
		}
		return false
	}
	rep := run(t, serve(t, f), opt)
	if !rep.OK || rep.Size != 150 || first {
		t.Errorf("%+v", rep)
	}
	if !bytes.Contains(f.ed, []byte("\n150\n")) {
		t.Fatal("the test shows the wrong checkpoint")
	}
}
