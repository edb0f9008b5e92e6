// Package verify checks an audit log from the outside. It shares no code with the writer: hashing, parsing, proof
// checks and note parsing are its own, written from ../FORMAT.md, and it imports no other package of the platform.
package verify

import (
	"context"
	"iter"
	"strings"
	"time"
)

// Row is one leaf as a source holds it. A consumer may keep the slices: a source never reuses them.
type Row struct {
	Seq     int64
	Public  []byte   // the leaf; always there
	Body    []byte   // empty when the source does not hold or may not show it
	Salt    []byte   // empty when erased, or when the source gives only Opening
	Opening []byte   // the body key derived from the salt, for readers who may see the body but not guess its values
	Columns *Columns // nil when the source keeps nothing beside the body
}

// Columns are parts of a body that a source keeps a second time beside it, to search and list by. Nothing signs them:
// they count for what the body says, and Verify holds them to it.
type Columns struct {
	Time                                     time.Time // compared to the whole millisecond
	Type, Actor, Org, Object, Action, Result string
}

// strays names, in Chinese, the first column that is not what the leaf says; empty when all agree. Without a record
// only the public half of the type can be held against the leaf.
func (c *Columns) strays(coarse string, r *Record) string {
	if r == nil {
		if public, _, _ := strings.Cut(c.Type, "."); public != coarse {
			return "类型"
		}
		return ""
	}
	for _, col := range [...]struct{ name, have, want string }{{"类型", c.Type, r.Type}, {"办理人", c.Actor, r.Actor}, {"单位", c.Org, r.Org},
		{"对象", c.Object, r.Object}, {"动作", c.Action, r.Action}, {"结果", c.Result, r.Result}} {
		if col.have != col.want {
			return col.name
		}
	}
	if c.Time.UnixMilli() != r.Time.UnixMilli() {
		return "时间"
	}
	return ""
}

// Source is a log to be verified.
type Source interface {
	// Checkpoint returns the newest Ed25519 note, CheckpointSM the SM2 note for the same size; ErrNoCheckpoint when
	// none has been signed. They are asked for again if a new pair came in between.
	Checkpoint() ([]byte, error)
	CheckpointSM() ([]byte, error)
	// Entries yields the leaves from number from on, in order, to the end of what the source holds. After it has
	// yielded an error it stops.
	Entries(ctx context.Context, from int64) iter.Seq2[Row, error]
}

// Hashes is a stored node of both trees. SM3 is nil where the source holds the SHA-256 tree only.
type Hashes struct{ SHA256, SM3 []byte }

// NodeSource is a Source that can also show its stored nodes. They are checked, and they make it possible to name
// the exact leaf that was changed.
type NodeSource interface {
	Source
	// Step is the distance between the levels it holds: 1 for every level, 8 for tiles.
	Step() int
	// Nodes returns n consecutive nodes of a level (a multiple of Step) from index from on, fewer at the end of what
	// it holds.
	Nodes(ctx context.Context, level int, from int64, n int) ([]Hashes, error)
}

// BodySource is a Source that says it holds the body of every leaf, so that a missing one must be explained by an
// erasure entry.
type BodySource interface {
	Source
	HoldsBodies() bool
}

// RowSource is what a data directory gives: leaves with bodies and salts, and every stored node.
type RowSource interface {
	NodeSource
	HoldsBodies() bool
}
