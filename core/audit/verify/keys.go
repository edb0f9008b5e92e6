package verify

import (
	"encoding/base64"
	"errors"
	"strings"
)

// keyPair is the two keys that sign at one time; either may be nil when it is not known.
type keyPair struct{ ed, sm *verifierKey }

func (k keyPair) of(sm bool) *verifierKey {
	if sm {
		return k.sm
	}
	return k.ed
}

func (k keyPair) same(o keyPair) bool {
	return k.ed != nil && o.ed != nil && k.sm != nil && o.sm != nil && k.ed.text == o.ed.text && k.sm.text == o.sm.text
}

// turn is a rotation whose four signatures verify.
type turn struct {
	leaf          int64
	before, after keyPair
	at            checkpoint // the state of the log the statement was made in
}

var errRotation = errors.New("verify: not a rotation")

// parseRotation reads and checks the detail of a rotation entry (FORMAT.md §9).
func parseRotation(d map[string]string) (t turn, err error) {
	lines := []string{"pado-key-rotation/1"}
	for _, name := range []string{
		"origin", "at", "root.sha256", "root.sm3", "old.ed25519", "old.sm2", "new.ed25519", "new.sm2",
	} {
		if d[name] == "" || strings.Contains(d[name], "\n") {
			return t, errRotation
		}
		lines = append(lines, d[name])
	}
	statement := []byte(strings.Join(lines, "\n") + "\n")
	t.at.origin = d["origin"]
	var ok bool
	if t.at.size, ok = number(d["at"]); !ok || !decodeRoot(&t.at.root.sha, d["root.sha256"]) ||
		!decodeRoot(&t.at.root.sm, d["root.sm3"]) {
		return t, errRotation
	}
	for _, k := range []struct {
		key  **verifierKey
		name string
		sm   bool
	}{
		{&t.before.ed, "old.ed25519", false}, {&t.before.sm, "old.sm2", true},
		{&t.after.ed, "new.ed25519", false}, {&t.after.sm, "new.sm2", true},
	} {
		key, err := parseKey(d[k.name])
		if err != nil || (key.sm2 != nil) != k.sm || key.origin() != t.at.origin {
			return t, errRotation
		}
		sig, err := base64.StdEncoding.Strict().DecodeString(d["sig."+k.name])
		if err != nil || !key.verify(statement, sig) {
			return t, errRotation
		}
		*k.key = key
	}
	return t, nil
}

func (r *replay) rotation(n int64, rec *Record) {
	t, err := parseRotation(rec.Detail)
	if err != nil || t.at.size > n {
		r.report.add(KindRotation, n, "第 %d 条更换密钥的记录没有新旧四把密钥的有效签名。", n)
		return
	}
	t.leaf = n
	r.turns = append(r.turns, t)
}

// keyChain is which keys signed from which size of the log on.
type keyChain []keyLink

type keyLink struct {
	from int64 // the pair signs checkpoints of more than from leaves
	keys keyPair
}

func (c keyChain) at(size int64) keyPair {
	var keys keyPair
	for i, link := range c {
		if i == 0 || link.from < size {
			keys = link.keys
		}
	}
	return keys
}

// chain works out the keys from what the auditor brought and what the log says of itself: the genesis leaf names the
// first pair where it names any, each rotation the next. A key the auditor brought must be one of them.
func (r *replay) chain(pinned keyPair) keyChain {
	var first keyPair
	if r.genesis != nil && (r.genesis.Detail["ed25519"] != "" || r.genesis.Detail["sm2"] != "") {
		ed, errEd := parseKey(r.genesis.Detail["ed25519"])
		sm, errSM := parseKey(r.genesis.Detail["sm2"])
		if errEd == nil && errSM == nil && ed.ed != nil && sm.sm2 != nil && ed.origin() == sm.origin() {
			first = keyPair{ed, sm}
		} else {
			r.report.add(KindGenesis, 0, "创始记录所列的首任公钥无法使用。")
		}
	}
	if first.ed == nil && len(r.turns) > 0 {
		first = r.turns[0].before
	}
	if first.ed == nil {
		first = pinned
	}
	c := keyChain{{keys: first}}
	for _, t := range r.turns {
		if !t.before.same(c[len(c)-1].keys) {
			r.report.add(KindRotation, t.leaf, "第 %d 条更换密钥的记录不是由当时有效的密钥签署的。", t.leaf)
			continue
		}
		c = append(c, keyLink{from: t.leaf, keys: t.after})
		r.report.Rotations++
	}
	for _, sm := range []bool{false, true} {
		mine := pinned.of(sm)
		if mine == nil {
			continue
		}
		found := false
		for _, link := range c {
			key := link.keys.of(sm)
			found = found || (key != nil && key.text == mine.text)
		}
		if !found {
			r.report.add(KindKey, -1, "审计方所持的%s公钥不是这部日志用过的密钥。", keyName(sm))
			for i := range c { // trust nothing the log says about keys of this kind
				if sm {
					c[i].keys.sm = mine
				} else {
					c[i].keys.ed = mine
				}
			}
		}
	}
	return c
}

func keyName(sm bool) string {
	if sm {
		return " SM2 "
	}
	return " Ed25519 "
}
