package storetest

import (
	"context"
	"testing"

	"pado/core/audit"
	"pado/core/audit/verify"
	"pado/core/store"
)

// Keys are the log keys of every test store.
func Keys(t testing.TB) audit.Keys {
	t.Helper()
	keys, err := audit.GenerateKeys("test.pado", seeded(2))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Verify signs the log as it stands and has the independent verifier check all of it.
func Verify(t testing.TB, db *store.DB, hooks ...verify.Hook) verify.Report {
	t.Helper()
	ctx := context.Background()
	if _, err := db.SignCheckpoint(ctx, Keys(t).Signers().Checkpoints); err != nil {
		t.Fatalf("sign: %v", err)
	}
	rep, err := verify.Verify(ctx, store.Rows{DB: db}, verify.Options{Hooks: hooks})
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	if !rep.OK {
		t.Fatalf("the log does not verify: %s at %d: %s %+v", rep.Kind, rep.FirstBad, rep.Message, rep.Findings)
	}
	return rep
}
