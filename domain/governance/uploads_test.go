package governance

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
)

func refusedAs(t *testing.T, err error, code string) {
	t.Helper()
	var ref *procedure.Refused
	if !errors.As(err, &ref) || ref.Code != code {
		t.Errorf("%v instead of %s", err, code)
	}
}

// sealedFiles are what lies in the raw zone, by name.
func (w *world) sealed() []string {
	w.t.Helper()
	list, err := w.runner.c.Vault.List()
	must(w.t, err)
	return list
}

func TestAnUploadGoesOnWhereItStopped(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := open(t, db)
		content := []byte("编号,年龄,性别\n" + strings.Repeat("1,30,男\n", 30_000))
		size, src := int64(len(content)), []string{"src"}
		u, next, err := w.runner.BeginUpload(ctx, "p", src, "JR-1", `C:\报送\人口.csv`, size)
		must(t, err)
		if next != 0 || u.Name != "人口.csv" || u.Org != "src" {
			t.Fatalf("%+v from %d", u, next)
		}
		const step = 100_000
		next, err = w.runner.PutPart(ctx, "p", u.ID, 0, content[:step])
		must(t, err)
		if next != step {
			t.Fatal(next)
		}
		// The answer was lost: the client repeats the part, or asks where to go on.
		if next, err = w.runner.PutPart(ctx, "p", u.ID, 0, content[:step]); err != nil || next != step {
			t.Fatal(next, err)
		}
		_, err = w.runner.PutPart(ctx, "p", u.ID, 0, content[1:step+1])
		refusedAs(t, err, "upload.offset")
		_, err = w.runner.PutPart(ctx, "p", u.ID, step+1, content[step+1:])
		refusedAs(t, err, "upload.offset")
		_, err = w.runner.PutPart(ctx, "p", u.ID, step, content[step:step+10])
		refusedAs(t, err, "upload.part")
		_, err = w.runner.PutPart(ctx, "p", u.ID, step, make([]byte, size))
		refusedAs(t, err, "upload.part")
		_, err = w.runner.CompleteUpload(ctx, "p", u.ID, digest(content))
		refusedAs(t, err, "upload.offset")

		// Killed in the middle of a part: torn frames, and a whole part whose row was not written.
		x, err := w.runner.c.Vault.Create(partName(u.ID, step), "upload/"+u.ID)
		must(t, err)
		_, err = x.Write(content[step : step+70_000])
		must(t, err)
		x.Abort()
		must(t, os.WriteFile(filepath.Join(w.dir, "raw", partName(u.ID, step)+".part"), []byte("torn"), 0o600))
		must(t, w.runner.putObject(ctx, partName(u.ID, step), "upload/"+u.ID, bytes.NewReader([]byte("half")), digest([]byte("half"))))

		again := NewRunner(w.runner.c) // another process
		v, next, err := again.BeginUpload(ctx, "p", src, "JR-1", "人口.csv", size)
		must(t, err)
		if v.ID != u.ID || next != step {
			t.Fatalf("the upload began anew: %+v %d", v, next)
		}
		next, err = again.PutPart(ctx, "p", u.ID, step, content[step:])
		must(t, err)
		if next != size {
			t.Fatal(next)
		}
		_, err = again.CompleteUpload(ctx, "p", u.ID, digest([]byte("other")))
		refusedAs(t, err, "upload.digest")
		for range 2 {
			done, err := again.CompleteUpload(ctx, "p", u.ID, digest(content))
			must(t, err)
			if done.State != "complete" || done.SHA256 != digest(content) {
				t.Fatalf("%+v", done)
			}
		}
		if got := w.sealed(); len(got) != 1 || got[0] != u.ID {
			t.Errorf("parts were left: %v", got)
		}
		f, err := again.OpenUpload(ctx, u.ID, "p", ForSheet)
		must(t, err)
		back, err := io.ReadAll(f)
		must(t, errors.Join(err, f.Close()))
		if !bytes.Equal(back, content) || w.count("raw_access") != 1 {
			t.Error("what came out is not what went in, or nobody noted it")
		}
		// On disk nothing of it can be read.
		files, err := filepath.Glob(filepath.Join(w.dir, "raw", "*"))
		must(t, err)
		for _, name := range files {
			b, err := os.ReadFile(name)
			must(t, err)
			if bytes.Contains(b, []byte("编号")) {
				t.Errorf("%s lies open", name)
			}
		}
		var raw Raw
		if err := w.update(func(x *store.Tx) error { _, err := Receive(x, w.hookup.ID, u.ID, "other", "src", "JR-1"); return err }); !errors.Is(err, ErrUpload) {
			t.Error("another delivered it", err)
		}
		must(t, w.update(func(x *store.Tx) (err error) {
			raw, err = Receive(x, w.hookup.ID, u.ID, "p", "src", "JR-1")
			return err
		}))
		made, err := again.Ingest(ctx, raw.ID, nil)
		must(t, err)
		if made.Rows != 30_000 || w.count("raw_access") != 2 {
			t.Errorf("%+v", made)
		}
		if err := w.update(func(x *store.Tx) error { _, err := Receive(x, w.hookup.ID, u.ID, "p", "src", "JR-1"); return err }); !errors.Is(err, ErrUpload) {
			t.Error("delivered twice", err)
		}
		if n, err := again.SweepUploads(ctx); n != 0 || err != nil || len(w.sealed()) != 1 {
			t.Error("what is on record was swept", n, err)
		}
	})
}

func TestWhoMayUpload(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := open(t, db)
		for _, c := range [][2]string{{"JR-1", "other"}, {"JR-9", "src"}} {
			if _, _, err := w.runner.BeginUpload(ctx, "p", []string{c[1]}, c[0], "a.csv", 9); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%v: %v", c, err)
			}
		}
		for code, c := range map[string]struct {
			name string
			size int64
		}{"upload.kind": {"a.exe", 9}, "upload.size": {"a.csv", 0}, "upload.size ": {"a.csv", MaxUpload + 1}, "upload.kind ": {"a\x00.csv", 9}} {
			_, _, err := w.runner.BeginUpload(ctx, "p", []string{"src"}, "JR-1", c.name, c.size)
			refusedAs(t, err, strings.TrimSpace(code))
		}
		u, _, err := w.runner.BeginUpload(ctx, "p", []string{"src"}, "JR-1", "a.csv", 9)
		must(t, err)
		if _, _, err := w.runner.UploadOf(ctx, "q", u.ID); !errors.Is(err, store.ErrNotFound) {
			t.Error("seen by another", err)
		}
		if _, err := w.runner.PutPart(ctx, "q", u.ID, 0, []byte("123456789")); !errors.Is(err, store.ErrNotFound) {
			t.Error("continued by another", err)
		}
		if _, err := w.runner.OpenUpload(ctx, u.ID, "p", ForSheet); !errors.Is(err, store.ErrNotFound) {
			t.Error("an unfinished one was opened", err)
		}
		for i := int64(1); i < openUploads; i++ {
			_, _, err := w.runner.BeginUpload(ctx, "p", []string{"src"}, "JR-1", "a.csv", 9+i)
			must(t, err)
		}
		_, _, err = w.runner.BeginUpload(ctx, "p", []string{"src"}, "JR-1", "a.csv", 99)
		refusedAs(t, err, "upload.many")
		// Finished and not delivered it takes room as before.
		_, err = w.runner.PutPart(ctx, "p", u.ID, 0, []byte("123456789"))
		must(t, err)
		_, err = w.runner.CompleteUpload(ctx, "p", u.ID, digest([]byte("123456789")))
		must(t, err)
		_, _, err = w.runner.BeginUpload(ctx, "p", []string{"src"}, "JR-1", "a.csv", 99)
		refusedAs(t, err, "upload.many")
		must(t, w.runner.DropUpload(ctx, "p", u.ID))
		if _, _, err := w.runner.UploadOf(ctx, "p", u.ID); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		must(t, w.update(func(x *store.Tx) error { return StopHookup(x, w.hookup.ID, "p") }))
		_, _, err = w.runner.BeginUpload(ctx, "p", []string{"src"}, "JR-1", "a.csv", 99)
		refusedAs(t, err, "upload.closed")
	})
}

// What was begun and forgotten goes away, what somebody still works on stays.
func TestAbandonedUploadsAreSwept(t *testing.T) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			clock := &storetest.Clock{At: storetest.Start}
			w := open(t, openAt(t, e, clock))
			body := bytes.Repeat([]byte("x"), MinPart)
			begin := func(name string, size int64) Upload {
				u, _, err := w.runner.BeginUpload(ctx, "p", []string{"src"}, "JR-1", name, size)
				must(t, err)
				return u
			}
			old := begin("old.csv", 2*MinPart)
			_, err := w.runner.PutPart(ctx, "p", old.ID, 0, body)
			must(t, err)
			whole := begin("whole.csv", MinPart)
			_, err = w.runner.PutPart(ctx, "p", whole.ID, 0, body)
			must(t, err)
			_, err = w.runner.CompleteUpload(ctx, "p", whole.ID, digest(body))
			must(t, err)
			must(t, w.runner.putObject(ctx, "up_nobodys", "raw/up_nobodys", bytes.NewReader(body), digest(body)))
			clock.At = clock.At.Add(23 * time.Hour)
			fresh := begin("fresh.csv", 2*MinPart)
			_, err = w.runner.PutPart(ctx, "p", fresh.ID, 0, body)
			must(t, err)
			clock.At = clock.At.Add(2 * time.Hour)
			n, err := w.runner.SweepUploads(ctx)
			must(t, err)
			if got := w.sealed(); n != 1 || len(got) != 2 || w.count("raw_upload") != 2 {
				t.Errorf("%d swept, left %v", n, got)
			}
			clock.At = clock.At.Add(8 * 24 * time.Hour)
			if n, err := w.runner.SweepUploads(ctx); n != 2 || err != nil || len(w.sealed()) != 0 || w.count("raw_upload_part") != 0 {
				t.Error(n, err, w.sealed())
			}
		})
	}
}
