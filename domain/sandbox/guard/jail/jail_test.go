//go:build linux

package jail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	Main(os.Args, map[string]Handler{"probe": probe, "spin": spin, "grow": grow, "env": environment})
	os.Exit(m.Run())
}

type probeRequest struct {
	Allowed string
	Parent  int
	Port    string
	Dir     string
	FD      int
}

// attempts are the ways out we can think of; each must give an error inside.
func attempts(q probeRequest) map[string]func() error {
	sys := func(nr uintptr, args ...uintptr) func() error {
		return func() error {
			var a [6]uintptr
			copy(a[:], args)
			if _, _, e := syscall.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5]); e != 0 {
				return e
			}
			return nil
		}
	}
	file := func(f *os.File, err error) error {
		if err == nil {
			f.Close()
		}
		return err
	}
	read := func(path string) func() error {
		return func() error { return file(os.Open(path)) }
	}
	socket := func(domain, typ, proto int) func() error {
		return func() error { _, err := unix.Socket(domain, typ, proto); return err }
	}
	return map[string]func() error{
		"read passwd":               read("/etc/passwd"),
		"read root dir":             read("/"),
		"read own memory":           read("/proc/self/mem"),
		"read own environ":          read("/proc/self/environ"),
		"read own maps":             read("/proc/self/maps"),
		"read parent":               read(fmt.Sprintf("/proc/%d/environ", q.Parent)),
		"read parent fd":            read(fmt.Sprintf("/proc/%d/fd/0", q.Parent)),
		"read program":              read("/proc/self/exe"),
		"read device":               read("/dev/zero"),
		"read neighbour":            read(filepath.Join(q.Dir, "secret")),
		"read inherited descriptor": func() error { _, err := unix.Read(q.FD, make([]byte, 8)); return err },
		"write null":                func() error { return file(os.OpenFile("/dev/null", os.O_WRONLY, 0)) },
		"write allowed":             func() error { return file(os.OpenFile(q.Allowed, os.O_RDWR, 0)) },
		"append allowed":            func() error { return file(os.OpenFile(q.Allowed, os.O_WRONLY|os.O_APPEND, 0)) },
		"truncate open":             func() error { return file(os.OpenFile(q.Allowed, os.O_RDONLY|os.O_TRUNC, 0)) },
		"truncate":                  func() error { return os.Truncate(q.Allowed, 0) },
		"chmod":                     func() error { return os.Chmod(q.Allowed, 0o777) },
		"unlink":                    func() error { return os.Remove(q.Allowed) },
		"rename":                    func() error { return os.Rename(q.Allowed, q.Allowed+"2") },
		"link":                      func() error { return os.Link(q.Allowed, q.Allowed+"3") },
		"symlink":                   func() error { return os.Symlink("/etc/passwd", filepath.Join(q.Dir, "l")) },
		"create":                    func() error { return file(os.Create(filepath.Join(q.Dir, "new"))) },
		"create tmp":                func() error { return file(os.Create(filepath.Join(os.TempDir(), "guard-jail-new"))) },
		"create shm":                func() error { return file(os.Create("/dev/shm/guard-jail-new")) },
		"mkdir":                     func() error { return os.Mkdir(filepath.Join(q.Dir, "d"), 0o777) },
		"mkfifo":                    func() error { return unix.Mkfifo(filepath.Join(q.Dir, "f"), 0o666) },
		"tcp":                       func() error { c, err := net.Dial("tcp", "127.0.0.1:"+q.Port); _ = c; return err },
		"udp":                       func() error { c, err := net.Dial("udp", "127.0.0.1:"+q.Port); _ = c; return err },
		"listen":                    func() error { l, err := net.Listen("tcp", "127.0.0.1:0"); _ = l; return err },
		"unix socket":               socket(unix.AF_UNIX, unix.SOCK_STREAM, 0),
		"netlink socket":            socket(unix.AF_NETLINK, unix.SOCK_RAW, 0),
		"packet socket":             socket(unix.AF_PACKET, unix.SOCK_RAW, 0),
		"vsock":                     socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0),
		"socketpair":                func() error { _, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err },
		"exec":                      func() error { return exec.Command("/bin/true").Run() },
		"exec self":                 func() error { return syscall.Exec("/proc/self/exe", []string{"x"}, nil) },
		"fork":                      sys(unix.SYS_CLONE, uintptr(unix.SIGCHLD)),
		"clone namespace":           sys(unix.SYS_CLONE, unix.CLONE_NEWUSER|uintptr(unix.SIGCHLD)),
		"clone3":                    sys(unix.SYS_CLONE3, 0, 0),
		"unshare":                   func() error { return unix.Unshare(unix.CLONE_NEWUSER) },
		"setns":                     sys(unix.SYS_SETNS, 0, 0),
		"mount":                     func() error { return unix.Mount("none", q.Dir, "tmpfs", 0, "") },
		"chroot":                    func() error { return unix.Chroot(q.Dir) },
		"chdir":                     func() error { return os.Chdir(q.Dir) },
		"ptrace parent":             func() error { return unix.PtraceAttach(q.Parent) },
		"read parent memory":        sys(unix.SYS_PROCESS_VM_READV, uintptr(q.Parent), 0, 0, 0, 0, 0),
		"kill parent":               func() error { return unix.Kill(q.Parent, 0) },
		"tgkill parent":             func() error { return unix.Tgkill(q.Parent, q.Parent, 0) },
		"pidfd":                     func() error { _, err := unix.PidfdOpen(q.Parent, 0); return err },
		"setuid":                    sys(unix.SYS_SETUID, 0),
		"capset":                    sys(unix.SYS_CAPSET, 0, 0),
		"io_uring":                  sys(unix.SYS_IO_URING_SETUP, 1, 0),
		"bpf":                       sys(unix.SYS_BPF, 0, 0, 0),
		"perf":                      sys(unix.SYS_PERF_EVENT_OPEN, 0, 0, 0, 0, 0),
		"userfaultfd":               sys(unix.SYS_USERFAULTFD, 0),
		"memfd":                     func() error { _, err := unix.MemfdCreate("x", 0); return err },
		"keyctl":                    sys(unix.SYS_KEYCTL, 0),
		"module":                    sys(unix.SYS_INIT_MODULE, 0, 0, 0),
		"reboot":                    sys(unix.SYS_REBOOT, 0, 0, 0, 0),
		"openat2":                   sys(unix.SYS_OPENAT2, 0, 0, 0, 0),
		"open by handle":            sys(unix.SYS_OPEN_BY_HANDLE_AT, 0, 0, 0),
		"executable memory": func() error {
			_, err := unix.Mmap(-1, 0, 4096, unix.PROT_EXEC|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
			return err
		},
		"raise limit": func() error {
			return syscall.Setrlimit(unix.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20})
		},
		"shared memory": sys(unix.SYS_SHMGET, 0, 4096, 0o1600),
		"message queue": sys(unix.SYS_MSGGET, 0, 0o1600),
		"prctl":         func() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0) },
		"open tree":     sys(unix.SYS_OPEN_TREE, 0, 0, 0),
		"sendmsg":       sys(unix.SYS_SENDMSG, 1, 0, 0),
		"splice":        sys(unix.SYS_SPLICE, 0, 0, 1, 0, 1, 0),
	}
}

func probe(c *Conn) error {
	var q probeRequest
	if err := c.Receive(&q); err != nil {
		return err
	}
	out := map[string]string{}
	// a locked OS thread that the runtime makes now must be inside too
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		for name, f := range attempts(q) {
			if err := f(); err != nil {
				out[name] = err.Error()
			} else {
				out[name] = ""
			}
		}
	}()
	<-done
	b, err := os.ReadFile(q.Allowed)
	out["CONTENT"] = string(b)
	if err != nil {
		out["CONTENT"] = err.Error()
	}
	out["ARGS"] = strings.Join(os.Args[1:], " ")
	return c.Send(out)
}

func spin(*Conn) error {
	for n := uint(0); ; n++ {
		sink = n
	}
}

// sink keeps the loop from being recognised as empty.
var sink uint

func grow(c *Conn) error {
	var keep [][]byte
	for {
		b := make([]byte, 64<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		keep = append(keep, b)
		if len(keep) > 1000 {
			return nil
		}
	}
}

func environment(c *Conn) error {
	var q struct{}
	if err := c.Receive(&q); err != nil {
		return err
	}
	return c.Send(os.Environ())
}

// A locked-in child reads what it was given and can do nothing else: no file, socket, process,
// signal or memory of others.
func TestNothingElse(t *testing.T) {
	dir := t.TempDir()
	allowed := filepath.Join(dir, "allowed")
	for name, text := range map[string]string{"allowed": "given", "secret": "not given"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	// a library of the parent opens a file without close-on-exec
	fd, err := unix.Open(filepath.Join(dir, "secret"), unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	p, err := Start(context.Background(), Spec{Role: "probe", Read: []string{allowed}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	t.Log("jail:", p.Jail)
	var got map[string]string
	if err := p.Ask(probeRequest{Allowed: allowed, Parent: os.Getpid(), Port: port, Dir: dir, FD: fd}, &got); err != nil {
		t.Fatal(err)
	}
	if got["CONTENT"] != "given" {
		t.Errorf("the file it was given: %q", got["CONTENT"])
	}
	names := make([]string, 0, len(got))
	for n := range attempts(probeRequest{}) {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		if why, ok := got[n]; !ok || why == "" {
			t.Errorf("%s succeeded inside the jail", n)
		} else if testing.Verbose() {
			t.Logf("%-20s %s", n, why)
		}
	}
	if b, err := os.ReadFile(allowed); err != nil || string(b) != "given" {
		t.Errorf("the file afterwards: %q, %v", b, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("the directory afterwards: %v, %v", entries, err)
	}
}

// The same attempts succeed outside where they should, so that the test above means something.
func TestAttemptsAreReal(t *testing.T) {
	dir := t.TempDir()
	allowed := filepath.Join(dir, "allowed")
	if err := os.WriteFile(allowed, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := attempts(probeRequest{Allowed: allowed, Parent: os.Getpid(), Dir: dir})
	for _, n := range []string{"read passwd", "write allowed", "create", "mkdir", "unix socket", "listen", "exec", "kill parent", "memfd"} {
		if err := a[n](); err != nil {
			t.Errorf("%s fails outside the jail too: %v", n, err)
		}
	}
}

// Without the kernel's help nothing runs: the answer is ErrMissing, not a weaker jail.
func TestFailClosed(t *testing.T) {
	defer func(f func() (int, error)) { kernelABI = f }(kernelABI)
	kernelABI = func() (int, error) { return 0, unix.ENOSYS }
	if _, err := enter(Spec{}); !errors.Is(err, ErrMissing) {
		t.Errorf("without landlock: %v", err)
	}
	kernelABI = func() (int, error) { return 7, nil }
	if _, err := enter(Spec{Memory: 1, Read: []string{"/does/not/exist"}}); err == nil {
		t.Fatal("entered a jail with a rule that could not be set")
	}
}

func TestUnjailedIsExplicit(t *testing.T) {
	p, err := Start(context.Background(), Spec{Role: "probe", Unjailed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.Jail != "unjailed" {
		t.Errorf("jail %q", p.Jail)
	}
}

func TestDeadlineKills(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	p, err := Start(ctx, Spec{Role: "spin"})
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if err == nil {
		var x any
		if err := p.Ask(struct{}{}, &x); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		p.Close()
		<-p.done
		if p.cmd.ProcessState == nil || p.cmd.ProcessState.Success() {
			t.Error("child was not killed")
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	p, err := Start(context.Background(), Spec{Role: "grow", Memory: 2 << 30})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var x any
	if err := p.Ask(struct{}{}, &x); !errors.Is(err, ErrChild) {
		t.Errorf("got %v, want the one text of every child failure", err)
	}
}

func TestEnvironmentIsEmpty(t *testing.T) {
	t.Setenv("GUARD_TEST_SECRET", "canary")
	p, err := Start(context.Background(), Spec{Role: "env"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var env []string
	if err := p.Ask(struct{}{}, &env); err != nil {
		t.Fatal(err)
	}
	for _, e := range env {
		if !strings.HasPrefix(e, "LC_ALL=") && !strings.HasPrefix(e, "TZ=") {
			t.Errorf("environment holds %s", e)
		}
	}
}

func TestMainMustBeCalled(t *testing.T) {
	armed.Store(false)
	defer armed.Store(true)
	if _, err := Start(context.Background(), Spec{Role: "probe"}); !errors.Is(err, ErrNotArmed) {
		t.Errorf("got %v", err)
	}
}

func TestUnknownRole(t *testing.T) {
	if _, err := Start(context.Background(), Spec{Role: "nobody"}); !errors.Is(err, ErrChild) {
		t.Errorf("got %v", err)
	}
}
