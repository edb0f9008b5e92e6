package connector

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

var ctx = context.Background()

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func policy(t *testing.T, text string) Policy {
	t.Helper()
	p, err := ParsePolicy(text)
	must(t, err)
	return p
}

// code is the code of an *Error, or what else it was.
func code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestWhatMayBeReached(t *testing.T) {
	for _, c := range []struct {
		list, host, port, addr string
		want                   bool
	}{
		{"", "10.1.2.3", "5432", "10.1.2.3", false},
		{"10.1.2.3", "10.1.2.3", "5432", "10.1.2.3", true},
		{"10.1.2.3:5432", "10.1.2.3", "3306", "10.1.2.3", false},
		{"10.1.0.0/16:5432", "10.1.200.3", "5432", "10.1.200.3", true},
		{"10.1.0.0/16", "10.2.0.1", "5432", "10.2.0.1", false},
		{"0.0.0.0/0", "127.0.0.1", "5432", "127.0.0.1", false}, // a wide network does not lead into the machine
		{"0.0.0.0/0, ::/0", "localhost", "80", "::1", false},
		{"0.0.0.0/0", "x", "80", "169.254.169.254", false},
		{"0.0.0.0/0", "x", "80", "100.100.100.200", false},
		{"::/0", "x", "80", "64:ff9b::a9fe:a9fe", false}, // translated by the network
		{"db.example.cn", "db.example.cn", "80", "64:ff9b::7f00:1", false},
		{"::/0", "x", "80", "64:ff9b::a01:203", true},
		{"0.0.0.0/0", "x", "80", "0.0.0.1", false},
		{"127.0.0.1:5432", "127.0.0.1", "5432", "127.0.0.1", true},
		{"127.0.0.1", "x", "80", "::ffff:127.0.0.1", true}, // the same address in another dress
		{"10.0.0.0/8", "x", "80", "::ffff:10.9.9.9", true},
		{"db.example.cn:5432", "DB.example.cn", "5432", "10.0.0.1", true},
		{"db.example.cn", "db.example.cn", "5432", "127.0.0.1", false}, // a name that points into the machine
		{"db.example.cn", "other.example.cn", "5432", "10.0.0.1", false},
		{"[fd00::1]:22", "fd00::1", "22", "fd00::1", true},
	} {
		if got := policy(t, c.list).allows(c.host, c.port, netip.MustParseAddr(c.addr)); got != c.want {
			t.Errorf("%q reaches %s:%s at %s: %v", c.list, c.host, c.port, c.addr, got)
		}
	}
	if _, err := ParsePolicy("10.0.0.0/8, http://x/"); err == nil || !strings.Contains(err.Error(), "http") {
		t.Error(err)
	}
}

func TestADialOutsideTheListIsRefusedBeforeItIsMade(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	s := Spec{Kind: PostgreSQL, Address: l.Addr().String(), Database: "d", Table: "t", Columns: []string{"a"}, Mode: Full}
	for _, list := range []string{"", "0.0.0.0/0", "localhost", "127.0.0.2"} {
		_, err := New(Config{Policy: policy(t, list)}).Probe(ctx, s, Secret{User: "u", Password: "geheim"})
		if code(err) != "connect.blocked" {
			t.Errorf("%q: %v", list, err)
		}
	}
}

func TestWhatADeclarationMustSay(t *testing.T) {
	table := Spec{Kind: PostgreSQL, Address: "10.0.0.1:5432", Database: "d", Table: "t", Columns: []string{"a", "b"}, Mode: Full}
	files := Spec{Kind: SFTP, Address: "10.0.0.1:22", Path: "/out", Pattern: "*.csv", Ready: Marker, HostKey: "SHA256:" + strings.Repeat("a", 43)}
	must(t, table.Check())
	must(t, files.Check())
	for field, change := range map[string]func(*Spec){
		"kind":      func(s *Spec) { *s = files; s.Kind = "oracle" },
		"address":   func(s *Spec) { s.Address = "http://10.0.0.1/" },
		"table":     func(s *Spec) { s.Table = `t"; DROP TABLE x; --` },
		"database":  func(s *Spec) { s.Database = "" },
		"schema":    func(s *Spec) { s.Schema = "a.b" },
		"columns":   func(s *Spec) { s.Columns = []string{"a", "a"} },
		"mode":      func(s *Spec) { s.Mode = "" },
		"watermark": func(s *Spec) { s.Mode = Incremental },
		"path":      func(s *Spec) { *s = files; s.Path = "/out/../etc" },
		"pattern":   func(s *Spec) { *s = files; s.Pattern = "../*" },
		"hostKey":   func(s *Spec) { *s = files; s.HostKey = "" },
		"ready":     func(s *Spec) { *s = files; s.Ready = "" },
	} {
		s := table
		change(&s)
		var e *Error
		if err := s.Check(); !errors.As(err, &e) || e.Field != field || !strings.ContainsFunc(e.Message, func(r rune) bool { return r > 0x4e00 }) {
			t.Errorf("%s: %v", field, err)
		}
	}
	local := files
	local.Kind, local.Path = Folder, "../secret"
	if code(local.Check()) != "connect.spec" {
		t.Error("a folder outside the root was taken")
	}
	same := table
	if table.Digest() != same.Digest() {
		t.Error("one declaration, two digests")
	}
	if same.Table = "u"; table.Digest() == same.Digest() {
		t.Error("two declarations, one digest")
	}
}

// drop is an exchange folder with one subfolder.
func drop(t *testing.T) (*Client, string, *time.Time) {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, "renkou")
	must(t, os.Mkdir(dir, 0o700))
	now := time.Date(2026, 5, 8, 9, 0, 0, 0, time.UTC)
	return New(Config{Folders: root, Wall: func() time.Time { return now }}), dir, &now
}

func put(t *testing.T, dir, name, content string, at time.Time) {
	t.Helper()
	p := filepath.Join(dir, name)
	must(t, os.WriteFile(p, []byte(content), 0o600))
	must(t, os.Chtimes(p, at, at))
}

func TestAFolderGivesWhatIsComplete(t *testing.T) {
	c, dir, now := drop(t)
	s := Spec{Kind: Folder, Path: "renkou", Pattern: "rk_*.csv", Ready: Stable}
	if _, err := c.Fetch(ctx, s, Secret{}, "", io.Discard, nil); !errors.Is(err, ErrNothing) {
		t.Fatal(err)
	}
	put(t, dir, "rk_2.csv", "later", now.Add(-2*time.Minute))
	put(t, dir, "rk_1.csv", "first", now.Add(-3*time.Minute))
	put(t, dir, "rk_0.csv", "still being written", *now)
	put(t, dir, "other.csv", "x", now.Add(-time.Hour))
	must(t, os.Symlink("/etc/passwd", filepath.Join(dir, "rk_link.csv")))
	must(t, os.Mkdir(filepath.Join(dir, "rk_dir.csv"), 0o700))
	f, err := c.Probe(ctx, s, Secret{})
	must(t, err)
	if f.Files != 2 || !strings.Contains(f.Say, "2个，未写完的1个") {
		t.Errorf("%+v", f)
	}
	var got bytes.Buffer
	res, err := c.Fetch(ctx, s, Secret{}, "", &got, nil)
	must(t, err)
	if res.Name != "rk_1.csv" || got.String() != "first" {
		t.Errorf("%+v %q", res, got.String())
	}
	// Until it is on record the file stays where it is.
	if again, err := c.Fetch(ctx, s, Secret{}, "", io.Discard, nil); err != nil || again.Name != "rk_1.csv" {
		t.Error(again, err)
	}
	must(t, res.Taken(ctx))
	must(t, res.Taken(ctx))
	put(t, dir, "rk_1.csv", "first again", now.Add(-3*time.Minute))
	res, err = c.Fetch(ctx, s, Secret{}, "", io.Discard, nil)
	must(t, err)
	must(t, res.Taken(ctx))
	for name, want := range map[string]string{"rk_1.csv": "first", "rk_1.csv.2": "first again"} {
		if b, err := os.ReadFile(filepath.Join(dir, takenFolder, name)); err != nil || string(b) != want {
			t.Errorf("%s: %q %v", name, b, err)
		}
	}
	s.Ready, s.Pattern = Marker, "rk_0*"
	if _, err := c.Fetch(ctx, s, Secret{}, "", io.Discard, nil); !errors.Is(err, ErrNothing) {
		t.Error(err)
	}
	put(t, dir, "rk_0.csv.ok", "", *now)
	res, err = c.Fetch(ctx, s, Secret{}, "", io.Discard, nil)
	must(t, err)
	must(t, res.Taken(ctx))
	if left, err := filepath.Glob(filepath.Join(dir, "rk_0*")); err != nil || len(left) != 0 {
		t.Error("left behind", left, err)
	}
}

func TestAFolderLeadsNowhereElse(t *testing.T) {
	c, dir, _ := drop(t)
	outside := t.TempDir()
	must(t, os.Symlink(outside, filepath.Join(filepath.Dir(dir), "away")))
	for _, p := range []string{"away", "missing"} {
		if _, err := c.Probe(ctx, Spec{Kind: Folder, Path: p, Pattern: "*", Ready: Stable}, Secret{}); code(err) != "connect.folder" {
			t.Errorf("%s: %v", p, err)
		}
	}
	if _, err := New(Config{}).Probe(ctx, Spec{Kind: Folder, Path: "x", Pattern: "*", Ready: Stable}, Secret{}); code(err) != "connect.folder" {
		t.Error(err)
	}
}

// growing changes the file while it is read.
type growing struct{ path string }

func (g growing) Write(p []byte) (int, error) {
	f, err := os.OpenFile(g.path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	_, err = f.WriteString("more")
	return len(p), err
}

func TestAFileThatChangesIsLeft(t *testing.T) {
	c, dir, now := drop(t)
	put(t, dir, "a.csv", "x", now.Add(-time.Hour))
	s := Spec{Kind: Folder, Path: "renkou", Pattern: "*.csv", Ready: Stable}
	big, err := os.Stat(filepath.Join(dir, "a.csv"))
	must(t, err)
	_ = big
	once := false
	_, err = c.Fetch(ctx, s, Secret{}, "", writer(func(p []byte) (int, error) {
		if once {
			return len(p), nil
		}
		once = true
		return growing{filepath.Join(dir, "a.csv")}.Write(p)
	}), nil)
	if code(err) != "connect.changing" {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.csv")); err != nil {
		t.Error("it was taken away")
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestMoreThanAllowedIsRefused(t *testing.T) {
	c, dir, now := drop(t)
	c.c.MaxBytes = 3
	put(t, dir, "a.csv", "four", now.Add(-time.Hour))
	if _, err := c.Fetch(ctx, Spec{Kind: Folder, Path: "renkou", Pattern: "*.csv", Ready: Stable}, Secret{}, "", io.Discard, nil); code(err) != "connect.limit" {
		t.Error(err)
	}
}

// A file that is swapped for a device after it was listed is not read, and nobody waits for it.
func TestAPipeIsNoFile(t *testing.T) {
	dir := t.TempDir()
	must(t, syscall.Mkfifo(filepath.Join(dir, "a.csv"), 0o600))
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	got := make(chan error, 1)
	go func() {
		f, err := folder{root}.open("a.csv")
		if err == nil {
			f.Close()
		}
		got <- err
	}()
	w, err := os.OpenFile(filepath.Join(dir, "a.csv"), os.O_RDWR, 0) // whoever waits for a writer waits no longer
	must(t, err)
	defer w.Close()
	if err := <-got; err == nil {
		t.Error("a pipe was opened as a file")
	}
}
