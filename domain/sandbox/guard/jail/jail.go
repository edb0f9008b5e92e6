// Package jail starts the program a second time as a child that can compute and answer, and
// nothing else: no file but those named before it was locked in, no network, no new process.
//
// A child is one process per question. The parent sends a first frame naming the role, the
// readable files and the limits; the child locks itself in, proves it, says so, and only then
// is given work. Text of an asker or figures from data never reach a process that has not
// said it is locked in.
package jail

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// childArg is the first argument that turns the program into a child. It is of no use to
// anybody who types it: the child locks itself in and waits for frames.
const childArg = "guard-child-v1"

// Spec is what a child may do. The zero limits are replaced by the defaults below.
type Spec struct {
	Role   string   `json:"role"`
	Read   []string `json:"read,omitempty"` // files that may be opened for reading
	Memory uint64   `json:"memory"`         // address space in bytes
	CPU    uint64   `json:"cpu"`            // seconds of processor time
	// Unjailed runs without landlock and seccomp. It exists for work on machines without
	// them; the operator's binary sets it only by an explicit flag that is printed at start.
	Unjailed bool `json:"unjailed,omitempty"`
}

// Default limits: DuckDB aborts below 2 GiB of address space.
const (
	DefaultMemory = 4 << 30
	DefaultCPU    = 120
	maxFrame      = 64 << 20
)

// ErrMissing says the kernel cannot lock a child in. Nothing runs then.
var ErrMissing = errors.New("the kernel offers no jail (landlock and seccomp are both needed)")

// ErrNotArmed says that the program forgot to call Main first. Starting itself again would then
// run the whole program instead of a child.
var ErrNotArmed = errors.New("jail.Main was not called at the start of the program")

var armed atomic.Bool

// ErrChild is any failure of a child: it died, answered nonsense or was stopped. There is one
// text for all of them, because a child's own words may contain data.
var ErrChild = errors.New("guarded child failed")

// hello is the child's answer to the Spec.
type hello struct {
	OK      bool   `json:"ok"`
	Missing bool   `json:"missing,omitempty"`
	Jail    string `json:"jail"`
}

// Handler answers frames in a child until its input ends. It runs locked in.
type Handler func(c *Conn) error

// Conn exchanges JSON frames: four bytes of length, then the document.
type Conn struct {
	r io.Reader
	w io.Writer
}

// Send writes one frame.
func (c *Conn) Send(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) > maxFrame {
		return fmt.Errorf("frame of %d bytes", len(b))
	}
	out := make([]byte, 4+len(b))
	binary.BigEndian.PutUint32(out, uint32(len(b)))
	copy(out[4:], b)
	_, err = c.w.Write(out)
	return err
}

// Receive reads one frame.
func (c *Conn) Receive(v any) error {
	var head [4]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return fmt.Errorf("frame of %d bytes", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(c.r, b); err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// Main runs the process as a child when args (os.Args) ask for it, and then never returns.
// It must be the first call of main and of TestMain in every binary that starts children.
func Main(args []string, roles map[string]Handler) {
	armed.Store(true)
	if len(args) != 2 || args[1] != childArg {
		return
	}
	os.Exit(childMain(roles))
}

func childMain(roles map[string]Handler) int {
	if err := closeInherited(); err != nil {
		return 2
	}
	c := &Conn{r: os.Stdin, w: os.Stdout}
	var s Spec
	if err := c.Receive(&s); err != nil {
		return 2
	}
	h, ok := roles[s.Role]
	if !ok {
		return 2
	}
	how := "unjailed"
	if !s.Unjailed {
		var err error
		if how, err = enter(s); err != nil {
			_ = c.Send(hello{Missing: errors.Is(err, ErrMissing), Jail: "none"})
			return 3
		}
	}
	if err := c.Send(hello{OK: true, Jail: how}); err != nil {
		return 2
	}
	if err := h(c); err != nil && !errors.Is(err, io.EOF) {
		return 1
	}
	return 0
}
