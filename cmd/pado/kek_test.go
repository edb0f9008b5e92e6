package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pado/core/identity"
	"pado/core/store"
	"pado/domain/governance/vault"
)

// city founds records with a sealed file, a key of the platform's own and a person with a sealed
// identity number.
func city(t *testing.T) place {
	t.Helper()
	ctx := context.Background()
	p := place{data: filepath.Join(t.TempDir(), "city")}
	db, kek, keys, err := found(ctx, &p, "140600", true, time.Time{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	x, err := wire(ctx, p, db, kek, keys)
	if err != nil {
		t.Fatal(err)
	}
	defer x.close()
	if err := sign(ctx, db, keys); err != nil {
		t.Fatal(err)
	}
	if _, _, err := x.files.Save("at_1", strings.NewReader("封存的内容"), 100); err != nil {
		t.Fatal(err)
	}
	if _, err := x.secretKey(ctx, "test.key"); err != nil {
		t.Fatal(err)
	}
	if _, err := x.identity.Register(ctx, identity.NewPerson{Username: "zhangsan", Name: "张三", Password: "Zs-2026-demo-x", Phone: "13800138000", IDCard: "110101199003070134"}); err != nil {
		t.Fatal(err)
	}
	return p
}

// works opens the records and everything sealed in them.
func works(t *testing.T, p place, wantEntries int) {
	t.Helper()
	ctx := context.Background()
	x, err := assemble(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	defer x.close()
	f, err := x.files.Open("at_1")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if string(b) != "封存的内容" || err != nil {
		t.Errorf("%q %v", b, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := x.secretKey(ctx, "test.key"); err != nil {
		t.Error(err)
	}
	if err := x.db.View(ctx, func(r *store.ReadTx) error {
		var row struct {
			ID          string
			PhoneSealed []byte
		}
		if err := r.Get(&row, `SELECT id, phone_sealed FROM person WHERE phone_sealed IS NOT NULL`); err != nil {
			return err
		}
		if got, err := identity.Contact(x.kek, "sms", row.ID, row.PhoneSealed); got != "13800138000" || err != nil {
			t.Errorf("%q %v", got, err)
		}
		list, err := r.Search(store.LogQuery{Type: "key.rotate"}, 10)
		if len(list) != wantEntries {
			t.Errorf("%d entries of rotations", len(list))
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	// One person, one account: the mark of the identity number moved too.
	if _, err := x.identity.Register(ctx, identity.NewPerson{Username: "zhangsan2", Name: "张三", Password: "Zs-2026-demo-y", Phone: "13800138001", IDCard: "110101199003070134"}); err == nil {
		t.Error("the same identity number opened a second account")
	}
}

func rotate(t *testing.T, p place) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := rotateCommand(context.Background(), []string{"--data", p.data, "--kek", p.kek}, &out)
	return out.String(), err
}

func TestARotationMovesEverythingSealed(t *testing.T) {
	p := city(t)
	before, err := os.ReadFile(p.kek)
	if err != nil {
		t.Fatal(err)
	}
	works(t, p, 0)
	if out, err := rotate(t, p); err != nil {
		t.Fatal(out, err)
	}
	after, err := os.ReadFile(p.kek)
	if err != nil || bytes.Equal(before, after) {
		t.Fatal("the key file is the old one", err)
	}
	works(t, p, 1)
	// Nothing opens under the old key any more.
	ring, err := vault.NewKeyring(before)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.At(filepath.Join(p.data, "files"), ring, vault.AES256GCM)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Stat("at_1"); !errors.Is(err, vault.ErrWrongKey) {
		t.Error(err)
	}
	kept, err := filepath.Glob(p.kek + ".old-*")
	if err != nil || len(kept) != 1 {
		t.Error(kept, err)
	}
}

// Killed at any station, the platform does not start, and the rotation goes on when run again.
func TestAKilledRotationIsTakenUpAgain(t *testing.T) {
	ctx := context.Background()
	for station := range 4 {
		p := city(t)
		old, err := readKey(p.kek)
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := newKey(p.next())
		if err != nil {
			t.Fatal(err)
		}
		ring, err := vault.NewKeyring(fresh, old)
		if err != nil {
			t.Fatal(err)
		}
		if station > 0 {
			if _, err := rewrap(ctx, p.data, ring, io.Discard); err != nil {
				t.Fatal(err)
			}
		}
		entries := 1
		if station > 1 {
			db, err := p.read(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := reseal(ctx, db, old, fresh, "old", "new", 1); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if station > 2 {
			if err := keep(p.kek+".old-x", old); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := assemble(ctx, p); !errors.Is(err, errRotating) {
			t.Fatalf("station %d: the platform started: %v", station, err)
		}
		if out, err := rotate(t, p); err != nil || !strings.Contains(out, "继续") {
			t.Fatalf("station %d: %s %v", station, out, err)
		}
		works(t, p, entries)
	}
}

func TestARunningPlatformIsNotRotated(t *testing.T) {
	p := city(t)
	lock, err := p.hold(false)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := rotate(t, p); err == nil || !strings.Contains(err.Error(), "正在运行") {
		t.Error(out, err)
	}
	if _, err := os.Stat(p.next()); err == nil {
		t.Error("a rotation began")
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
}
