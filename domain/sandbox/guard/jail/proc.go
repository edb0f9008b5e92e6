package jail

import (
	"context"
	"os/exec"
	"sync"
)

// Proc is a running, locked-in child.
type Proc struct {
	conn *Conn
	cmd  *exec.Cmd
	in   interface{ Close() error }
	ctx  context.Context
	once sync.Once
	done chan struct{} // closed when the process is gone
	// Jail is what the child says locks it in, e.g. "landlock 7, seccomp".
	Jail string
}

// Start runs the program again in the role of s and waits until it is locked in. When ctx
// ends the child is killed. Errors are ErrMissing, ErrNotArmed,
// ErrChild or ctx.Err().
func Start(ctx context.Context, s Spec) (*Proc, error) {
	if !armed.Load() {
		return nil, ErrNotArmed
	}
	if s.Memory == 0 {
		s.Memory = DefaultMemory
	}
	if s.CPU == 0 {
		s.CPU = DefaultCPU
	}
	// /proc/self/exe is the running program even when its file was replaced meanwhile
	cmd := exec.CommandContext(ctx, "/proc/self/exe", childArg)
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC"}
	cmd.Dir = "/"
	cmd.SysProcAttr = childAttr()
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, ErrChild
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, ErrChild
	}
	if err := cmd.Start(); err != nil {
		return nil, ErrChild
	}
	p := &Proc{conn: &Conn{r: out, w: in}, cmd: cmd, in: in, ctx: ctx, done: make(chan struct{})}
	var h hello
	if err := p.conn.Send(s); err != nil {
		p.Close()
		return nil, p.failure()
	}
	if err := p.conn.Receive(&h); err != nil {
		p.Close()
		return nil, p.failure()
	}
	if !h.OK {
		p.Close()
		if h.Missing {
			return nil, ErrMissing
		}
		return nil, ErrChild
	}
	p.Jail = h.Jail
	return p, nil
}

// Ask sends one frame and reads the answer.
func (p *Proc) Ask(request, answer any) error {
	if err := p.conn.Send(request); err != nil {
		return p.failure()
	}
	if err := p.conn.Receive(answer); err != nil {
		return p.failure()
	}
	return nil
}

// failure hides everything but whether time ran out.
func (p *Proc) failure() error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	return ErrChild
}

// Close ends the child; its exit is collected in the background. It may be called more than
// once.
func (p *Proc) Close() {
	p.once.Do(func() {
		_ = p.in.Close()
		if p.cmd.Process != nil {
			_ = p.cmd.Process.Kill()
		}
		go func() {
			_ = p.cmd.Wait()
			close(p.done)
		}()
	})
}
