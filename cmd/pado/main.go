// Command pado is the platform: one binary with everything in it. It alone reads the
// environment and wires the rooms together.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// version is set when the binary is built.
var version = "dev"

// command is one word of the command line.
type command struct {
	name, help string
	run        func(ctx context.Context, args []string, out io.Writer) error
}

var commands []command

func add(name, help string, run func(context.Context, []string, io.Writer) error) {
	commands = append(commands, command{name, help, run})
}

// errUsage makes the exit code 2; everything else that fails is 1.
var errUsage = errors.New("usage")

func main() {
	child() // a jailed child of this binary never comes back
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(errOut)
		return 2
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		err := c.run(ctx, args[1:], out)
		var code exitCode
		switch {
		case err == nil:
			return 0
		case errors.Is(err, flag.ErrHelp):
			return 2
		case errors.As(err, &code):
			return int(code)
		case errors.Is(err, errUsage):
			fmt.Fprintln(errOut, "pado "+c.name+":", err)
			return 2
		}
		fmt.Fprintln(errOut, "pado "+c.name+":", err)
		return 1
	}
	usage(errOut)
	return 2
}

// exitCode ends the program with a number and no further words.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit %d", int(e)) }

func usage(w io.Writer) {
	fmt.Fprintln(w, "pado 公共数据授权运营平台\n\n用法：pado 命令 [参数]")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.help)
	}
}

// flags makes a flag set whose own messages go to the caller as an error.
func flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet("pado "+name, flag.ContinueOnError)
	return f
}

// sub splits "audit verify …" style commands.
func sub(args []string, known map[string]func([]string) error) error {
	if len(args) > 0 {
		if f, ok := known[args[0]]; ok {
			return f(args[1:])
		}
	}
	return fmt.Errorf("%w: 需要以下之一：%s", errUsage, strings.Join(slices.Sorted(maps.Keys(known)), " "))
}
