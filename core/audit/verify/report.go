package verify

import (
	"fmt"
	"slices"
)

// Kinds of findings. They are stable: scripts and documents cite them.
const (
	KindCheckpoint = "checkpoint-unreadable"  // missing or not a checkpoint
	KindKey        = "key-unknown"            // signed by a key the auditor does not trust
	KindSignature  = "signature-bad"          // a signature by the right key that does not verify
	KindTwoHeads   = "checkpoints-disagree"   // the two notes state different logs
	KindStale      = "checkpoint-stale"       // older than the one the auditor kept
	KindForked     = "forked"                 // the kept checkpoint is no prefix of what is shown
	KindTruncated  = "truncated"              // fewer leaves than the checkpoint counts
	KindGap        = "sequence-gap"           // leaf numbers are not 0, 1, 2 …
	KindLeaf       = "leaf-malformed"         // a leaf not in the published form
	KindAltered    = "leaf-altered"           // the leaves do not hash to the signed root
	KindBody       = "body-mismatch"          // a body that is not what its leaf was made of
	KindBodyForm   = "body-malformed"         // a body not in the published form, or contradicting its leaf
	KindColumns    = "columns-mismatch"       // what a source lists and searches by is not what the leaf says
	KindMissing    = "body-missing"           // a body or salt is gone and no entry says so
	KindTime       = "time-backwards"         // an entry earlier than the one before it
	KindGenesis    = "genesis-bad"            // leaf 0 is no genesis leaf, or another leaf is one
	KindIntent     = "release-without-intent" // a release without an intent of its own before it
	KindRefusal    = "refusal-without-code"   // a refusal without a code, a result that is neither
	KindRotation   = "rotation-bad"           // a change of keys the old keys did not sign
	KindNode       = "node-mismatch"          // a stored tree node that does not follow from the leaves
	KindReplay     = "replay"                 // a hook's own books do not agree; its name follows after a colon
	clause         = "3"                      // the plan's demand that the whole course can be audited
)

// Finding is one thing that is wrong.
type Finding struct {
	Index   int64  `json:"index,string"` // the leaf; -1 when it is the checkpoint itself that is bad
	Last    int64  `json:"last,string"`  // greater than Index when the bad leaf is only known to lie between the two
	Kind    string `json:"kind"`
	Clause  string `json:"clause"`
	Message string `json:"message"` // a Chinese sentence
}

func (f Finding) exact() bool { return f.Index >= 0 && f.Last == f.Index }

// Report is the outcome of a verification that could be carried out.
type Report struct {
	OK       bool   `json:"ok"`
	FirstBad int64  `json:"firstBad,string"` // first bad leaf; -1 when none is, or when only the checkpoint is bad
	Kind     string `json:"kind,omitempty"`  // of the finding that Message is about
	Message  string `json:"message"`         // one Chinese sentence: the verdict

	Origin     string `json:"origin"`
	Size       int64  `json:"size,string"`     // leaves under the signed checkpoint
	Leaves     int64  `json:"leaves,string"`   // leaves read
	Unsigned   int64  `json:"unsigned,string"` // read beyond the checkpoint: in form, but not yet signed for
	Bodies     int64  `json:"bodies,string"`   // bodies proven against their leaves
	Hidden     int64  `json:"hidden,string"`   // bodies the source did not show
	Erased     int64  `json:"erased,string"`   // bodies whose salt was given up by an entry
	Nodes      int64  `json:"nodes,string"`    // stored nodes checked, both trees counted once
	Rotations  int    `json:"rotations"`
	Since      int64  `json:"since,string"` // size of the kept checkpoint found to be a prefix; 0 without one
	KeysPinned bool   `json:"keysPinned"`   // the auditor brought both keys; otherwise the log vouched for itself
	RootSHA256 string `json:"rootSHA256"`   // recomputed at Size, hexadecimal
	RootSM3    string `json:"rootSM3"`

	Findings []Finding `json:"findings,omitempty"` // by leaf, at most maxFindings
	More     int64     `json:"more,string"`        // findings beyond those
}

const maxFindings = 200

func (r *Report) add(kind string, index int64, format string, args ...any) {
	r.addSpan(kind, index, index, format, args...)
}

func (r *Report) addSpan(kind string, index, last int64, format string, args ...any) {
	if len(r.Findings) >= maxFindings && index >= 0 {
		r.More++
		return
	}
	r.Findings = append(r.Findings, Finding{
		Index: index, Last: last, Kind: kind, Clause: clause, Message: fmt.Sprintf(format, args...),
	})
}

// conclude sorts the findings and writes the verdict. A leaf known exactly outranks a span it may lie in; a bad
// checkpoint is told first only when no leaf is named.
func (r *Report) conclude() {
	r.FirstBad, r.OK = -1, len(r.Findings) == 0
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		switch {
		case a.Index != b.Index:
			return int(max(-1, min(1, a.Index-b.Index)))
		case a.exact() != b.exact() && a.exact():
			return -1
		case a.exact() != b.exact():
			return 1
		}
		return 0
	})
	if r.OK {
		r.Message = fmt.Sprintf("日志完整：%d 条记录与两份检查点的签名、根哈希一致。", r.Size)
		return
	}
	first := slices.IndexFunc(r.Findings, Finding.exact)
	if first < 0 {
		first = slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Index >= 0 })
	}
	if first >= 0 {
		r.FirstBad = r.Findings[first].Index
	} else {
		first = 0
	}
	r.Kind, r.Message = r.Findings[first].Kind, r.Findings[first].Message
}
