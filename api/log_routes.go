package api

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// LeafWire is an entry of the log with what this reader may see of it.
type LeafWire struct {
	Seq       int64             `json:"seq"`
	At        store.Time        `json:"at"`
	Type      string            `json:"type"`
	Actor     string            `json:"actor"`
	ActorName string            `json:"actorName,omitempty"`
	Org       string            `json:"org"`
	OrgName   string            `json:"orgName,omitempty"`
	Object    string            `json:"object"`
	About     string            `json:"objectName,omitempty"` // of a person or an organisation
	Action    string            `json:"action"`
	Result    string            `json:"result"`
	Clause    string            `json:"clause"`
	Code      string            `json:"code,omitempty"`
	From      string            `json:"from,omitempty"`
	To        string            `json:"to,omitempty"`
	Detail    map[string]string `json:"detail,omitempty"`
}

// LogProofWire proves that a leaf is in the signed log.
type LogProofWire struct {
	Seq        int64    `json:"seq"`
	Leaf       string   `json:"leaf"`       // base64 of the public bytes
	Size       int64    `json:"size"`       // of the tree the path leads to
	Path       []string `json:"path"`       // base64, SHA-256 tree
	PathSM3    []string `json:"pathSM3"`    // base64, SM3 tree
	Checkpoint string   `json:"checkpoint"` // signed note of that size
}

// LogEntryWire is one entry with all that is needed to check it: the body as it was hashed, the
// key that opens the leaf's commitment to it, and the proof, once a checkpoint covers it.
type LogEntryWire struct {
	LeafWire
	Body    string        `json:"body,omitempty" doc:"正文原文（base64）；盐已抹除的条目没有"`
	Opening string        `json:"opening,omitempty" doc:"打开承诺的密钥（base64），见 FORMAT.md 第 3 节"`
	Proof   *LogProofWire `json:"proof,omitempty" doc:"尚未进入签名检查点时没有"`
}

// logPage is how many entries one answer of the search holds.
const logPage = 50

type logSearchIn struct {
	Person string `query:"person" maxLength:"60" doc:"人员：编号、用户名或姓名"`
	Org    string `query:"org" maxLength:"80" doc:"单位：编号或名称"`
	Object string `query:"object" maxLength:"80" doc:"事项编号或其他对象编号"`
	Kind   string `query:"kind" maxLength:"40" doc:"大类，如 case、identity；带点的为完整类型"`
	Result string `query:"result" maxLength:"10" enum:"done,refused"`
	From   string `query:"from" maxLength:"10" doc:"自（含），YYYY-MM-DD"`
	To     string `query:"to" maxLength:"10" doc:"至（含），YYYY-MM-DD"`
	Before int64  `query:"before" minimum:"0"`
}

// logReader is the actor if it may search the log; others find no such page.
func (a *API) logReader(ctx context.Context) (procedure.Actor, error) {
	actor, err := a.who(ctx)
	if err != nil {
		return actor, err
	}
	if a.LogReader == nil || !a.LogReader(actor) {
		return actor, errNotFound
	}
	return actor, nil
}

func (a *API) logRoutes() {
	type seqIn struct {
		Seq int64 `path:"seq" minimum:"0"`
	}
	type proofOut struct{ Body LogProofWire }
	Route(a, op("log-proof", "GET", "/api/log/proof/{seq}", "日志条目的包含证明", "日志", false), func(ctx context.Context, in *seqIn) (*proofOut, error) {
		var out proofOut
		err := a.Engine.DB().View(ctx, func(r *store.ReadTx) (err error) {
			out.Body, err = logProof(r, in.Seq)
			return err
		})
		return &out, err
	})
	type searchOut struct {
		Body struct {
			Items []LeafWire `json:"items"`
			Next  int64      `json:"next,omitempty"`
		}
	}
	Route(a, op("log-search", "GET", "/api/log", "审计日志检索（检索本身留痕）", "日志", true), func(ctx context.Context, in *logSearchIn) (*searchOut, error) {
		actor, err := a.logReader(ctx)
		if err != nil {
			return nil, err
		}
		var out searchOut
		out.Body.Items = []LeafWire{}
		_, err = a.Engine.DB().Update(ctx, func(w *store.Tx) (audit.Entry, error) {
			q, none, err := logQuery(&w.ReadTx, in)
			if err != nil {
				return audit.Entry{}, err
			}
			var leaves []store.Leaf
			if !none {
				if leaves, err = w.Search(q, logPage+1); err != nil {
					return audit.Entry{}, err
				}
			}
			if len(leaves) > logPage {
				leaves = leaves[:logPage]
				out.Body.Next = leaves[logPage-1].Seq
			}
			out.Body.Items, err = leavesWire(&w.ReadTx, leaves)
			detail := map[string]string{"rows": strconv.Itoa(len(leaves))}
			for k, v := range map[string]string{"person": in.Person, "org": in.Org, "object": in.Object, "kind": in.Kind, "result": in.Result, "from": in.From, "to": in.To} {
				if v != "" {
					detail[k] = v
				}
			}
			return audit.Entry{Type: "audit.read", Actor: actor.Person, Action: "search", Clause: "3", Detail: detail}, err
		})
		return &out, err
	})
	type entryOut struct{ Body LogEntryWire }
	Route(a, op("log-entry", "GET", "/api/log/{seq}", "审计日志条目与证明（查看本身留痕）", "日志", true), func(ctx context.Context, in *seqIn) (*entryOut, error) {
		actor, err := a.logReader(ctx)
		if err != nil {
			return nil, err
		}
		var out entryOut
		_, err = a.Engine.DB().Update(ctx, func(w *store.Tx) (audit.Entry, error) {
			leaf, err := w.Leaf(in.Seq)
			if err != nil {
				return audit.Entry{}, err
			}
			list, err := leavesWire(&w.ReadTx, []store.Leaf{leaf})
			if err != nil {
				return audit.Entry{}, err
			}
			out.Body = LogEntryWire{LeafWire: list[0]}
			if leaf.Body != nil && leaf.Salt != nil {
				out.Body.Body = base64.StdEncoding.EncodeToString(leaf.Body)
				out.Body.Opening = base64.StdEncoding.EncodeToString(audit.BodyKey(leaf.Salt))
			}
			proof, err := logProof(&w.ReadTx, in.Seq)
			var unsigned *Problem
			if err == nil {
				out.Body.Proof = &proof
			} else if !errors.As(err, &unsigned) && !errors.Is(err, store.ErrNotFound) {
				return audit.Entry{}, err
			}
			return audit.Entry{Type: "audit.read", Actor: actor.Person, Object: strconv.FormatInt(in.Seq, 10), Action: "entry", Clause: "3"}, nil
		})
		return &out, err
	})
}

// logQuery resolves the words of a search; none: they name nobody, so that nothing matches.
func logQuery(r *store.ReadTx, in *logSearchIn) (q store.LogQuery, none bool, err error) {
	q = store.LogQuery{Object: strings.TrimSpace(in.Object), Result: in.Result, Before: in.Before}
	if strings.Contains(in.Kind, ".") {
		q.Type = in.Kind
	} else {
		q.Coarse = in.Kind
	}
	if in.Kind == "genesis" {
		q.Type, q.Coarse = in.Kind, ""
	}
	if p := strings.TrimSpace(in.Person); p != "" {
		if err := r.Select(&q.Actors, `SELECT p.id FROM person p LEFT JOIN account a ON a.person = p.id WHERE p.id = $1 OR p.name = $1 OR a.username = $2
			ORDER BY p.id LIMIT 200`, p, strings.ToLower(p)); err != nil {
			return q, false, err
		}
		if p == "system" || p == "clock" || p == "anonymous" {
			q.Actors = append(q.Actors, p)
		}
		none = len(q.Actors) == 0
	}
	if o := strings.TrimSpace(in.Org); o != "" {
		if err := r.Select(&q.Orgs, `SELECT id FROM org WHERE id = $1 OR name = $1 OR name LIKE $2 ESCAPE '\' ORDER BY id LIMIT 200`, o,
			"%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(o)+"%"); err != nil {
			return q, false, err
		}
		none = none || len(q.Orgs) == 0
	}
	for _, d := range []struct {
		text string
		days int
		into *time.Time
	}{{in.From, 0, &q.From}, {in.To, 1, &q.To}} {
		if d.text == "" {
			continue
		}
		date, err := calendar.ParseDate(d.text)
		if err != nil {
			return q, false, problem(422, "log.date", "日期应写作 2026-03-01 的样子")
		}
		*d.into = date.AddDays(calendar.Days(d.days)).Start()
	}
	return q, none, nil
}

// leavesWire draws entries with the names of who acted.
func leavesWire(r *store.ReadTx, leaves []store.Leaf) ([]LeafWire, error) {
	out := make([]LeafWire, len(leaves))
	var people, orgs []string
	for i, l := range leaves {
		out[i] = LeafWire{Seq: l.Seq, At: l.At, Type: l.Type, Actor: l.Actor, Org: l.Org, Object: l.Object, Action: l.Action, Result: l.Result}
		if rec, err := audit.ParseBody(l.Body); err == nil {
			out[i].Clause, out[i].Code, out[i].Detail, out[i].From, out[i].To = rec.Clause, rec.Code, rec.Detail, rec.From, rec.To
		}
		people, orgs = append(people, l.Actor, l.Object), append(orgs, l.Org, l.Object)
	}
	names, err1 := namesOf(r, "person", people)
	titles, err2 := namesOf(r, "org", orgs)
	for i := range out {
		out[i].ActorName, out[i].OrgName, out[i].About = names[out[i].Actor], titles[out[i].Org], names[out[i].Object]+titles[out[i].Object]
		if label := machines[out[i].Actor]; label != "" {
			out[i].ActorName = label
		}
	}
	return out, errors.Join(err1, err2)
}

// machines are the actors that are nobody.
var machines = map[string]string{"system": "系统", "clock": "系统时钟", "anonymous": "未登录者"}

// namesOf looks up the names of persons or organisations, table being one of the two.
func namesOf(r *store.ReadTx, table string, ids []string) (map[string]string, error) {
	out := map[string]string{}
	var marks []string
	var args []any
	for _, id := range ids {
		if _, asked := out[id]; asked || id == "" {
			continue
		}
		out[id] = ""
		args = append(args, id)
		marks = append(marks, fmt.Sprintf("$%d", len(args)))
	}
	if len(args) == 0 {
		return out, nil
	}
	var rows []NamedID
	err := r.Select(&rows, `SELECT id, name FROM `+table+` WHERE id IN (`+strings.Join(marks, ",")+`)`, args...)
	for _, x := range rows {
		out[x.ID] = x.Name
	}
	return out, err
}

// logProof proves that a leaf is in the newest signed tree.
func logProof(r *store.ReadTx, seq int64) (out LogProofWire, err error) {
	cp, err := r.LatestCheckpoint()
	if err != nil {
		return out, err
	}
	if seq >= cp.Size {
		return out, problem(404, "log.not_signed", "这一条尚未进入已签名的检查点，请稍候再查")
	}
	leaf, err := r.Leaf(seq)
	if err != nil {
		return out, err
	}
	out = LogProofWire{Seq: seq, Leaf: base64.StdEncoding.EncodeToString(leaf.Public), Size: cp.Size, Checkpoint: string(cp.Note)}
	if out.Path, err = inclusion(r, audit.SHA256, seq, cp.Size); err != nil {
		return out, err
	}
	out.PathSM3, err = inclusion(r, audit.SM3, seq, cp.Size)
	return out, err
}

func inclusion(r *store.ReadTx, t audit.Tree, seq, size int64) ([]string, error) {
	hashes, err := audit.Inclusion(store.LogReader{ReadTx: r}, t, seq, size)
	out := make([]string, len(hashes))
	for i, h := range hashes {
		out[i] = base64.StdEncoding.EncodeToString(h)
	}
	return out, err
}
