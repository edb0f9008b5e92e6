package ingest

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pado/domain/governance/ingest/codes"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/vault"
)

const usage = `用法：
  pado ingest --propose --in 文件 [--sheet 工作表] [--entry 压缩包内文件]
  pado ingest --pipeline 流水线.yaml --in 文件 --out 目录 [--key 密钥文件] [--received 2006-01-02] [--list 代码表名=文件]…
`

// Main is the command "pado ingest" without its first word: the governance
// path without a server. It prints the proposal, or the version with its
// quality report, as JSON on stdout; errors, as JSON too, on stderr. It
// returns the exit status: 0 done, 1 refused or failed, 2 wrongly called.
//
// The key file holds 32 bytes in hex. Without --key one is made beside the
// output folder as OUT.key, readable by its owner only, and found again by the
// next run, so that pseudonyms stay the same.
func Main(args []string, stdout, stderr io.Writer) int {
	return MainContext(context.Background(), args, stdout, stderr)
}

// MainContext is Main, stopped by ctx.
func MainContext(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("ingest", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() { fmt.Fprint(stderr, usage) }
	propose := fs.Bool("propose", false, "")
	in := fs.String("in", "", "")
	declared := fs.String("pipeline", "", "")
	out := fs.String("out", "", "")
	key := fs.String("key", "", "")
	received := fs.String("received", "", "")
	sheet := fs.String("sheet", "", "")
	entry := fs.String("entry", "", "")
	lists := map[string]string{}
	fs.Func("list", "", func(v string) error {
		name, file, ok := strings.Cut(v, "=")
		if lists[name] = file; !ok || name == "" || file == "" {
			return errors.New("NAME=FILE")
		}
		return nil
	})
	if err := fs.Parse(args); err != nil {
		return 2
	}
	if fs.NArg() > 0 || *in == "" || *propose == (*declared != "") || !*propose && *out == "" {
		fs.Usage()
		return 2
	}
	var v any
	var err error
	if *propose {
		v, err = proposeFile(ctx, *in, *sheet, *entry)
	} else {
		v, err = runFile(ctx, runArgs{*in, *declared, *out, *key, *received, lists})
	}
	if err != nil {
		printJSON(stderr, problem(err))
		return 1
	}
	printJSON(stdout, v)
	return 0
}

func proposeFile(ctx context.Context, in, sheet, entry string) (any, error) {
	input, err := FileInput(in)
	if err != nil {
		return nil, err
	}
	return ProposeWith(ctx, input, ProposeOptions{Sheet: sheet, Entry: entry})
}

type runArgs struct {
	in, declared, out, key, received string
	lists                            map[string]string
}

func runFile(ctx context.Context, a runArgs) (any, error) {
	input, err := FileInput(a.in)
	if err != nil {
		return nil, err
	}
	declared, out, key, received := a.declared, a.out, a.key, a.received
	for name, path := range a.lists {
		f, err := FileInput(path)
		if err != nil {
			return nil, err
		}
		if input.Lists == nil {
			input.Lists = map[string]*codes.List{}
		}
		if input.Lists[name], err = LoadList(ctx, name, f); err != nil {
			return nil, err
		}
	}
	if received != "" {
		if _, err := time.Parse(time.DateOnly, received); err != nil {
			return nil, errDay
		}
		input.Received = received
	}
	text, err := os.ReadFile(declared)
	if err != nil {
		return nil, errNoFile
	}
	p, err := pipeline.Decode(text)
	if err != nil {
		return nil, err
	}
	if key == "" {
		key = filepath.Clean(out) + ".key"
		if err := newKeyFile(key); err != nil {
			return nil, err
		}
	}
	keys, err := readKeyFile(key)
	if err != nil {
		return nil, err
	}
	return Run(ctx, p, input, out, keys, nil)
}

var errDay = &Error{Code: "INGEST_DAY", Clause: "7.2", Message: "收到日期应为 2006-01-02 的形式"}

// newKeyFile makes a key file unless there is one.
func newKeyFile(path string) error {
	k := make([]byte, 32)
	if _, err := rand.Read(k); err != nil {
		return ErrKey
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return storeError(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return storeError(err)
	}
	_, err = fmt.Fprintln(f, hex.EncodeToString(k))
	if serr := f.Sync(); err == nil {
		err = serr
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return storeError(err)
}

func readKeyFile(path string) (Keys, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Keys{}, ErrKey
	}
	root, err := hex.DecodeString(string(bytes.TrimSpace(b)))
	if err != nil || len(root) != 32 {
		return Keys{}, ErrKey
	}
	family, err := hkdf.Key(sha256.New, root, nil, "pado/ingest/family", 32)
	if err != nil {
		return Keys{}, ErrKey
	}
	seal, err := hkdf.Key(sha256.New, root, nil, "pado/ingest/quarantine", 32)
	if err != nil {
		return Keys{}, ErrKey
	}
	ring, err := vault.NewKeyring(seal)
	if err != nil {
		return Keys{}, err
	}
	return Keys{Family: family, Quarantine: ring}, nil
}

// problem is an error as it may be printed: code, clause, words.
func problem(err error) map[string]any {
	m := map[string]any{"code": Code(err), "message": Message(err)}
	var own *Error
	if errors.As(err, &own) {
		if len(own.Missing)+len(own.Extra) > 0 {
			m["missing"], m["extra"] = own.Missing, own.Extra
		}
	}
	if c := Clause(err); c != "" {
		m["clause"] = c
	}
	return m
}

func printJSON(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		fmt.Fprintln(w, `{"code":"INGEST_STORE"}`)
	}
}
