//go:build (linux && amd64) || (linux && arm64)

package jail

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// engineFiles are read by DuckDB when it opens; without them it aborts.
var engineFiles = []string{"/proc/self/cgroup"}
var engineDirs = []string{"/sys/fs/cgroup"}

// landlocks holds one configuration per kernel ABI, each the strictest the kernel knows.
var landlocks = []landlock.Config{
	landlock.V1, landlock.V2, landlock.V3, landlock.V4, landlock.V5, landlock.V6, landlock.V7,
}

// kernelABI is the landlock version of the kernel; tests stand in an older kernel.
var kernelABI = ll.LandlockGetABIVersion

// enter locks the whole process in, first files, then limits, then system calls, and proves
// it by trying what must fail. On any error the caller must end the process.
func enter(s Spec) (string, error) {
	abi, err := kernelABI()
	if err != nil || abi < 1 || !seccomp.Supported() {
		return "", ErrMissing
	}
	cfg := landlocks[min(abi, len(landlocks))-1]
	rules := []landlock.Rule{
		landlock.PathAccess(landlock.AccessFSSet(ll.AccessFSReadFile), engineFiles...).IgnoreIfMissing(),
		landlock.PathAccess(landlock.AccessFSSet(ll.AccessFSReadFile|ll.AccessFSReadDir), engineDirs...).IgnoreIfMissing(),
	}
	if len(s.Read) > 0 {
		rules = append(rules, landlock.PathAccess(landlock.AccessFSSet(ll.AccessFSReadFile), s.Read...))
	}
	if err := cfg.Restrict(rules...); err != nil {
		return "", fmt.Errorf("restrict files: %w", err)
	}
	if err := limits(s); err != nil {
		return "", err
	}
	// TSYNC puts the filter on every thread the runtime has already started
	runtime.LockOSThread()
	err = seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: filter()})
	runtime.UnlockOSThread()
	if err != nil {
		return "", fmt.Errorf("restrict system calls: %w", err)
	}
	if err := prove(); err != nil {
		return "", err
	}
	return fmt.Sprintf("landlock %d, seccomp", abi), nil
}

// closeInherited closes descriptors a careless library of the parent has left open. What the
// runtime itself uses to wait for input stays.
func closeInherited() error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("list descriptors: %w", err)
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= 2 {
			continue
		}
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err != nil || target == "anon_inode:[eventpoll]" || target == "anon_inode:[eventfd]" {
			continue // gone meanwhile (the listing's own), or the runtime's
		}
		if err := unix.Close(fd); err != nil {
			return fmt.Errorf("close descriptor: %w", err)
		}
	}
	return nil
}

func limits(s Spec) error {
	set := map[int]uint64{
		unix.RLIMIT_AS: s.Memory, unix.RLIMIT_CPU: s.CPU, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_CORE: 0,
		unix.RLIMIT_NOFILE: 64, unix.RLIMIT_MEMLOCK: 0, unix.RLIMIT_MSGQUEUE: 0,
	}
	for res, v := range set {
		if err := syscall.Setrlimit(res, &syscall.Rlimit{Cur: v, Max: v}); err != nil {
			return fmt.Errorf("limit %d: %w", res, err)
		}
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

// prove tries what a locked-in process must not be able to do.
func prove() error {
	if f, err := os.Open("/etc/hostname"); err == nil {
		f.Close()
		return errors.New("jail does not hold: a file opened")
	}
	if f, err := os.Open("/"); err == nil {
		f.Close()
		return errors.New("jail does not hold: the root directory opened")
	}
	if fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0); err == nil {
		unix.Close(fd)
		return errors.New("jail does not hold: a socket opened")
	}
	return nil
}

// filter allows what the Go runtime, the C library and DuckDB need to compute and to read
// files already permitted; every other call fails with EPERM. Files open for reading only,
// clone makes threads only, and clone3, whose flags cannot be inspected, does not exist.
func filter() seccomp.Policy {
	bits := func(arg uint32, op seccomp.Operation, v uint64) seccomp.ArgumentConditions {
		return seccomp.ArgumentConditions{{Argument: arg, Operation: op, Value: v}}
	}
	writing := uint64(unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC | unix.O_APPEND)
	self := uint64(os.Getpid())
	conditional := []seccomp.NameWithConditions{
		{Name: "openat", Conditions: bits(2, seccomp.BitsNotSet, writing)},
		{Name: "clone", Conditions: bits(0, seccomp.BitsSet, unix.CLONE_THREAD)},
		{Name: "tgkill", Conditions: bits(0, seccomp.Equal, self)},
		{Name: "mprotect", Conditions: bits(2, seccomp.BitsNotSet, unix.PROT_EXEC)},
		{Name: "mmap", Conditions: bits(2, seccomp.BitsNotSet, unix.PROT_EXEC)},
		{Name: "prlimit64", Conditions: bits(2, seccomp.Equal, 0)},
		{Name: "madvise", Conditions: bits(2, seccomp.LessOrEqual, 100)},
	}
	if runtime.GOARCH == "amd64" {
		conditional = append(conditional, seccomp.NameWithConditions{Name: "open", Conditions: bits(1, seccomp.BitsNotSet, writing)})
	}
	return seccomp.Policy{
		DefaultAction: seccomp.ActionErrno,
		Syscalls: []seccomp.SyscallGroup{
			{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{"clone3"}},
			{Action: seccomp.ActionAllow, Names: append([]string{
				"read", "readv", "pread64", "preadv", "write", "writev", "close", "lseek",
				"fstat", "newfstatat", "statx", "statfs", "fstatfs", "getcwd", "readlinkat", "getdents64", "faccessat", "fcntl", "fadvise64",
				"brk", "munmap", "mremap", "mincore",
				"futex", "sched_yield", "sched_getaffinity", "set_robust_list", "rseq", "membarrier", "getcpu",
				"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall",
				"gettid", "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getrusage", "getrlimit", "uname", "sysinfo",
				"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "times",
				"timer_create", "timer_settime", "timer_delete", "setitimer",
				"epoll_create1", "epoll_ctl", "epoll_pwait", "eventfd2", "ppoll",
				"getrandom", "exit", "exit_group",
			}, archNames()...), NamesWithCondtions: conditional},
		},
	}
}

func archNames() []string {
	if runtime.GOARCH != "amd64" {
		return nil
	}
	return []string{"stat", "lstat", "access", "readlink", "epoll_wait", "poll", "arch_prctl", "time"}
}

func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}
