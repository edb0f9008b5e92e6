package store

import (
	"context"
	"errors"
	"iter"

	"pado/core/audit/verify"
)

// Rows shows the stored log to the verifier (verify.RowSource): plain reads, no arithmetic of
// the writer's.
type Rows struct{ DB *DB }

// Checkpoint returns the newest signed Ed25519 note.
func (s Rows) Checkpoint() ([]byte, error) { c, err := s.latest(); return c.Note, err }

// CheckpointSM returns the SM2 note of the same size.
func (s Rows) CheckpointSM() ([]byte, error) { c, err := s.latest(); return c.NoteSm, err }

func (s Rows) latest() (c Checkpoint, err error) {
	err = s.DB.View(context.Background(), func(r *ReadTx) error { c, err = r.LatestCheckpoint(); return err })
	if errors.Is(err, ErrNotFound) {
		err = verify.ErrNoCheckpoint
	}
	return c, err
}

// HoldsBodies tells that every body is here.
func (s Rows) HoldsBodies() bool { return true }

// Step tells that every level of nodes is stored.
func (s Rows) Step() int { return 1 }

const rowBatch = 2000

// Entries yields the leaves in order.
func (s Rows) Entries(ctx context.Context, from int64) iter.Seq2[verify.Row, error] {
	return func(yield func(verify.Row, error) bool) {
		for {
			var part []Leaf
			err := s.DB.View(ctx, func(r *ReadTx) (err error) { part, err = r.Leaves(from, rowBatch); return err })
			if err != nil {
				yield(verify.Row{}, err)
				return
			}
			columns := make([]verify.Columns, len(part))
			for i, l := range part {
				columns[i] = verify.Columns{Time: l.At.Time, Type: l.Type, Actor: l.Actor, Org: l.Org, Object: l.Object, Action: l.Action, Result: l.Result}
				if !yield(verify.Row{Seq: l.Seq, Public: l.Public, Body: l.Body, Salt: l.Salt, Columns: &columns[i]}, nil) {
					return
				}
			}
			if len(part) == 0 {
				return
			}
			// A gap must show as a gap: the next batch starts behind the last number seen.
			from = part[len(part)-1].Seq + 1
		}
	}
}

// Nodes implements verify.NodeSource.
func (s Rows) Nodes(ctx context.Context, level int, from int64, n int) ([]verify.Hashes, error) {
	var rows []struct{ Sha, Sm3 []byte }
	err := s.DB.View(ctx, func(r *ReadTx) error {
		return r.Select(&rows, `SELECT sha, sm3 FROM audit_node WHERE level = $1 AND idx >= $2 AND idx < $3 ORDER BY idx`, level, from, from+int64(n))
	})
	out := make([]verify.Hashes, len(rows))
	for i, row := range rows {
		out[i] = verify.Hashes{SHA256: row.Sha, SM3: row.Sm3}
	}
	return out, err
}
