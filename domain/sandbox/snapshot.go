package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"pado/core/audit"
	"pado/core/store"
	"pado/domain/sandbox/guard/duck"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/snapshot"
)

// builds keeps two questions of this process from deriving the same snapshot twice.
type builds struct{ m sync.Map }

func (b *builds) lock(path string) func() {
	v, _ := b.m.LoadOrStore(path, &sync.Mutex{})
	mu := v.(*sync.Mutex)
	mu.Lock()
	return mu.Unlock
}

// snapshot returns the derived file of a project's tables, building it if it is not there. It is
// named by the versions and the policy it was made from, so a change of either is another file.
// At any moment the folder holds whole snapshots, known by their manifest, and leftovers of builds
// that died, which the next build of the same name replaces.
func (s *Service) snapshot(ctx context.Context, p Project, doc *policy.Policy, tables []Table) (string, error) {
	h := sha256.New()
	type part struct{ Name, Version, Path string }
	parts := []part{}
	for _, t := range tables {
		parts = append(parts, part{t.Name, t.Version, t.Path})
	}
	b, err := json.Marshal(parts)
	if err != nil {
		return "", err
	}
	h.Write(b)
	h.Write([]byte(doc.Digest()))
	path := filepath.Join(s.o.Snapshots, hex.EncodeToString(h.Sum(nil))[:40]+".duckdb")
	defer s.build.lock(path)()
	if _, err := snapshot.Read(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(s.o.Snapshots, 0o700); err != nil {
		return "", fmt.Errorf("make the folder of snapshots: %w", err)
	}
	var init strings.Builder
	for _, t := range tables {
		file := filepath.Join(s.o.Pool, filepath.FromSlash(t.Path))
		option := ""
		if doc.Tables[t.Name].Unit == rowNumber {
			option = ", file_row_number = true"
		}
		fmt.Fprintf(&init, "CREATE VIEW \"%s\" AS SELECT * FROM read_parquet('%s'%s);\n", strings.ReplaceAll(t.Name, `"`, `""`), strings.ReplaceAll(file, "'", "''"), option)
	}
	work, err := os.MkdirTemp(s.o.Snapshots, ".build-")
	if err != nil {
		return "", fmt.Errorf("make a folder to build in: %w", err)
	}
	defer os.RemoveAll(work)
	out := filepath.Join(work, "s.duckdb")
	if _, err := duck.Build(ctx, duck.BuildRequest{Init: init.String(), Policy: doc, Out: out, Key: s.o.Key}); err != nil {
		return "", fmt.Errorf("build the snapshot of %s: %w", p.No, err)
	}
	// The manifest goes last: before it the snapshot is not there.
	for _, f := range []func(string) string{func(x string) string { return x }, snapshot.PublicPath, snapshot.ManifestPath} {
		if err := os.Rename(f(out), f(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("place the snapshot of %s: %w", p.No, err)
		}
	}
	return path, nil
}

// rebind binds a project to newer data, when there is some, before a question is put.
func (s *Service) rebind(ctx context.Context, q *asking) error {
	old := false
	if err := s.o.DB.View(ctx, func(r *store.ReadTx) (err error) { old, err = stale(r, q.project); return err }); err != nil || !old {
		return err
	}
	_, err := s.o.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := w.Lock("project", "no", q.project.No); err != nil {
			return audit.Entry{}, err
		}
		p, err := ByNo(&w.ReadTx, q.project.No)
		if err != nil {
			return audit.Entry{}, err
		}
		n, err := s.numbers(&w.ReadTx)
		if err != nil {
			return audit.Entry{}, err
		}
		if p, err = bind(w, p, n); err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "sandbox.policy", Actor: "system", Object: p.No, Version: p.PolicyVersion, Action: "bind", Clause: "6.3.3",
			Detail: map[string]string{"policy": orNone(p.PolicyDigest)}}, nil
	})
	return err
}
