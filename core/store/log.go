package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pado/core/audit"
)

// appendLog seals the entries in order, behind the head row that it locks: the last lock of
// every write transaction. After a crash before the commit nothing of it exists.
func (t *Tx) appendLog(entries []audit.Entry) (Receipt, error) {
	if err := t.Lock("audit_head", "id", 1); err != nil {
		return Receipt{}, fmt.Errorf("lock the head: %w", err)
	}
	var raw []byte
	if err := t.Get(&raw, `SELECT head FROM audit_head WHERE id = 1`); err != nil {
		return Receipt{}, err
	}
	head, err := decodeHead(raw)
	if err != nil {
		return Receipt{}, err
	}
	at := t.now
	if head.Time.After(at) {
		at = head.Time
	}
	var rec Receipt
	for _, e := range entries {
		if e.Result == "" {
			e.Result = audit.Done
		}
		s, err := audit.Seal(e, head.Size, at, t.db.rand)
		if err != nil {
			return Receipt{}, err
		}
		nodes, err := head.Append(s)
		if err != nil {
			return Receipt{}, err
		}
		rec = Receipt{Seq: s.Seq, Time: s.Time}
		if _, err := t.Exec(`INSERT INTO audit_leaf (seq, at, type, actor, org, object, action, result, public, body, salt)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`,
			s.Seq, At(s.Time), e.Type, e.Actor, e.Org, e.Object, e.Action, e.Result, s.Public, s.Body, s.Salt); err != nil {
			return Receipt{}, err
		}
		var q strings.Builder
		args := make([]any, 0, 4*len(nodes))
		for i, n := range nodes {
			if i > 0 {
				q.WriteString(",")
			}
			fmt.Fprintf(&q, "($%d,$%d,$%d,$%d)", 4*i+1, 4*i+2, 4*i+3, 4*i+4)
			args = append(args, n.Level, n.Index, n.SHA256, n.SM3)
		}
		if _, err := t.Exec(`INSERT INTO audit_node (level, idx, sha, sm3) VALUES `+q.String(), args...); err != nil {
			return Receipt{}, err
		}
	}
	if raw, err = head.MarshalBinary(); err != nil {
		return Receipt{}, err
	}
	return rec, t.ExecOne(`UPDATE audit_head SET size = $1, at = $2, head = $3 WHERE id = 1`, head.Size, At(head.Time), raw)
}

// Leaf is one stored entry of the log.
type Leaf struct {
	Seq                                      int64
	At                                       Time
	Type, Actor, Org, Object, Action, Result string
	Public, Body, Salt                       []byte
}

const leafColumns = `seq, at, type, actor, org, object, action, result, public, body, salt`

// Leaves returns the entries with from ≤ seq < from+n.
func (r *ReadTx) Leaves(from int64, n int) ([]Leaf, error) {
	var out []Leaf
	return out, r.Select(&out, `SELECT `+leafColumns+` FROM audit_leaf WHERE seq >= $1 AND seq < $2 ORDER BY seq`, from, from+int64(n))
}

// Leaf returns one entry.
func (r *ReadTx) Leaf(seq int64) (Leaf, error) {
	var l Leaf
	return l, r.Get(&l, `SELECT `+leafColumns+` FROM audit_leaf WHERE seq = $1`, seq)
}

// LogSize is the number of entries committed.
func (r *ReadTx) LogSize() (int64, error) {
	var n int64
	return n, r.Get(&n, `SELECT size FROM audit_head WHERE id = 1`)
}

// Head is the log's head as of this snapshot.
func (r *ReadTx) Head() (audit.Head, error) {
	var raw []byte
	if err := r.Get(&raw, `SELECT head FROM audit_head WHERE id = 1`); err != nil {
		return audit.Head{}, err
	}
	return decodeHead(raw)
}

// decodeHead reads the stored head; records without any entry have none yet.
func decodeHead(raw []byte) (h audit.Head, err error) {
	if len(raw) == 0 {
		return h, nil
	}
	if err := h.UnmarshalBinary(raw); err != nil {
		return h, fmt.Errorf("read the log's head: %w", err)
	}
	return h, nil
}

// LogReader gives the pure log arithmetic the stored nodes and leaves (audit.NodeReader,
// audit.LeafReader).
type LogReader struct{ *ReadTx }

// Nodes implements audit.NodeReader; ErrNotFound while a subtree is incomplete.
func (r LogReader) Nodes(level int, from int64, n int) ([]audit.Node, error) {
	var rows []struct {
		Idx      int64
		Sha, Sm3 []byte
	}
	if err := r.Select(&rows, `SELECT idx, sha, sm3 FROM audit_node WHERE level = $1 AND idx >= $2 AND idx < $3 ORDER BY idx`,
		level, from, from+int64(n)); err != nil {
		return nil, err
	}
	if len(rows) != n {
		return nil, ErrNotFound
	}
	out := make([]audit.Node, n)
	for i, row := range rows {
		out[i] = audit.Node{Level: level, Index: row.Idx, SHA256: row.Sha, SM3: row.Sm3}
	}
	return out, nil
}

// Leaves implements audit.LeafReader.
func (r LogReader) Leaves(from int64, n int) ([][]byte, error) {
	var out [][]byte
	if err := r.Select(&out, `SELECT public FROM audit_leaf WHERE seq >= $1 AND seq < $2 ORDER BY seq`, from, from+int64(n)); err != nil {
		return nil, err
	}
	if len(out) != n {
		return nil, ErrNotFound
	}
	return out, nil
}

// Checkpoint is a signed state of the log. Note and NoteSM are empty between the moment its
// place was won and the signature.
type Checkpoint struct {
	Size, PrevSize int64
	At             Time
	Note, NoteSm   []byte
}

// LatestCheckpoint returns the newest signed one; ErrNotFound before the first.
func (r *ReadTx) LatestCheckpoint() (Checkpoint, error) {
	var c Checkpoint
	return c, r.Get(&c, `SELECT size, prev_size, at, note, note_sm FROM audit_checkpoint
		WHERE note IS NOT NULL ORDER BY size DESC LIMIT 1`)
}

// SignCheckpoint wins the place after the newest checkpoint by compare-and-set on
// (previous size, size, roots), commits, and only then signs: any instance may do it, and no
// two can sign different trees for one place. It reports false when there is nothing new or
// another instance won. After a crash between the two commits the place stays unsigned with
// its roots on record, and the next call signs exactly those.
func (db *DB) SignCheckpoint(ctx context.Context, sign func(audit.Head) (note, noteSM []byte, err error)) (bool, error) {
	var head audit.Head
	if err := db.internal(ctx, func(t *Tx) error {
		var raw []byte
		err := t.Get(&raw, `SELECT head FROM audit_checkpoint WHERE note IS NULL ORDER BY size DESC LIMIT 1`)
		if err == nil {
			return head.UnmarshalBinary(raw)
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		if head, err = t.Head(); err != nil {
			return err
		}
		var prev int64
		if err := t.Get(&prev, `SELECT COALESCE(MAX(size), -1) FROM audit_checkpoint`); err != nil {
			return err
		}
		if head.Size == 0 || head.Size <= prev {
			head = audit.Head{}
			return nil
		}
		if raw, err = head.MarshalBinary(); err != nil {
			return err
		}
		_, err = t.Exec(`INSERT INTO audit_checkpoint (size, prev_size, at, head) VALUES ($1,$2,$3,$4)`,
			head.Size, prev, At(t.now), raw)
		return err
	}); err != nil {
		if errors.Is(err, ErrConflict) {
			return false, nil
		}
		return false, err
	}
	if head.Size == 0 {
		return false, nil
	}
	note, noteSM, err := sign(head)
	if err != nil {
		return false, fmt.Errorf("sign the checkpoint: %w", err)
	}
	var n int64
	err = db.internal(ctx, func(t *Tx) error {
		n, err = t.Exec(`UPDATE audit_checkpoint SET note = $1, note_sm = $2 WHERE size = $3 AND note IS NULL`, note, noteSM, head.Size)
		return err
	})
	return n == 1, err
}

// internal writes what the log says of itself: checkpoints. It is not exported.
func (db *DB) internal(ctx context.Context, f func(*Tx) error) error {
	tx, err := db.write.BeginTxx(ctx, nil)
	if err != nil {
		return db.classify(err)
	}
	defer tx.Rollback()
	t := &Tx{ReadTx: ReadTx{ctx: ctx, db: db, tx: tx}}
	if err := t.loadClock(); err != nil {
		return db.classify(err)
	}
	if err := f(t); err != nil {
		return db.classify(err)
	}
	return db.classify(tx.Commit())
}

// Search finds entries by permission-checked callers: empty fields of q match everything.
// Newest first, at most n.
func (r *ReadTx) Search(q LogQuery, n int) ([]Leaf, error) {
	var where []string
	var args []any
	add := func(cond string, v any) {
		args = append(args, v)
		where = append(where, fmt.Sprintf(cond, len(args)))
	}
	for _, c := range []struct{ col, val string }{{"actor", q.Actor}, {"org", q.Org}, {"object", q.Object}, {"type", q.Type}, {"result", q.Result}} {
		if c.val != "" {
			add(c.col+" = $%d", c.val)
		}
	}
	among := func(col string, ids []string) {
		if len(ids) == 0 {
			return
		}
		marks := make([]string, len(ids))
		for i, id := range ids {
			args = append(args, id)
			marks[i] = fmt.Sprintf("$%d", len(args))
		}
		where = append(where, col+" IN ("+strings.Join(marks, ",")+")")
	}
	among("actor", q.Actors)
	among("org", q.Orgs)
	if q.Coarse != "" {
		add(fmt.Sprintf("substr(type, 1, %d) = $%%d", len(q.Coarse)+1), q.Coarse+".")
	}
	if q.Before > 0 {
		add("seq < $%d", q.Before)
	}
	if !q.From.IsZero() {
		add("at >= $%d", At(q.From))
	}
	if !q.To.IsZero() {
		add("at < $%d", At(q.To))
	}
	sql := `SELECT ` + leafColumns + ` FROM audit_leaf`
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	args = append(args, n)
	var out []Leaf
	return out, r.Select(&out, fmt.Sprintf("%s ORDER BY seq DESC LIMIT $%d", sql, len(args)), args...)
}

// LogQuery narrows a search of the log.
type LogQuery struct {
	Actor, Org, Object, Type, Result string
	Actors, Orgs                     []string // any of them; empty matches everything
	Coarse                           string   // types "coarse.…"
	Before                           int64
	From, To                         time.Time
}
