package connector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"sort"
	"strings"
	"syscall"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// takenFolder is where files go once they are on record; quiet is how long a file must have been
// left alone when there is no marker.
const (
	takenFolder = "taken"
	quiet       = time.Minute
)

// shelf is a folder with files; the exchange folder and SFTP implement it. Names have no folder.
type shelf interface {
	list() ([]fs.FileInfo, error)
	open(name string) (io.ReadCloser, error)
	stat(name string) (fs.FileInfo, error)
	mkdir(name string) error
	move(from, to string) error
	close()
}

func (c *Client) shelf(ctx context.Context, s Spec, k Secret) (shelf, error) {
	if s.Kind == SFTP {
		return c.openSFTP(ctx, s, k)
	}
	if c.c.Folders == "" {
		return nil, fault("connect.folder", "path", "平台没有配置前置目录，请联系系统管理员")
	}
	root, err := os.OpenRoot(c.c.Folders)
	if err != nil {
		return nil, &Error{Code: "connect.folder", Field: "path", Message: "前置目录打不开，请联系系统管理员", Retry: true, cause: err}
	}
	defer root.Close()
	// The first folder is a department's: no link below it leads to another's.
	first, rest, below := strings.Cut(s.Path, "/")
	inner, err := root.OpenRoot(first)
	if err == nil && below {
		outer := inner
		inner, err = outer.OpenRoot(rest)
		outer.Close() //nolint:errcheck // opened for reading
	}
	if err != nil {
		return nil, &Error{Code: "connect.folder", Field: "path", Message: "前置目录下没有这个目录，或者平台无权读取", cause: err}
	}
	return folder{inner}, nil
}

// ready lists the files that match and are complete, the oldest first; waiting counts the others.
func (c *Client) ready(sh shelf, s Spec) (out []fs.FileInfo, waiting int, err error) {
	all, err := sh.list()
	if err != nil {
		return nil, 0, err
	}
	there := map[string]bool{}
	for _, f := range all {
		there[f.Name()] = true
	}
	for _, f := range all {
		ok, err := path.Match(s.Pattern, f.Name())
		if err != nil || !ok || !f.Mode().IsRegular() || strings.HasPrefix(f.Name(), ".") || strings.HasSuffix(f.Name(), ".ok") {
			continue
		}
		if s.Ready == Marker && there[f.Name()+".ok"] || s.Ready == Stable && c.c.Wall().Sub(f.ModTime()) >= quiet {
			out = append(out, f)
		} else {
			waiting++
		}
	}
	sort.Slice(out, func(i, j int) bool {
		if !out[i].ModTime().Equal(out[j].ModTime()) {
			return out[i].ModTime().Before(out[j].ModTime())
		}
		return out[i].Name() < out[j].Name()
	})
	return out, waiting, nil
}

// take copies the oldest file that is ready.
func (c *Client) take(ctx context.Context, s Spec, k Secret, w io.Writer, progress func(rows, bytes int64)) (Result, error) {
	sh, err := c.shelf(ctx, s, k)
	if err != nil {
		return Result{}, err
	}
	defer sh.close()
	files, _, err := c.ready(sh, s)
	if err != nil {
		return Result{}, err
	}
	if len(files) == 0 {
		return Result{}, ErrNothing
	}
	f := files[0]
	src, err := sh.open(f.Name())
	if err != nil {
		return Result{}, err
	}
	defer src.Close()
	if _, err := io.Copy(w, &watched{ctx: ctx, r: src, tell: progress}); err != nil {
		return Result{}, err
	}
	now, err := sh.stat(f.Name())
	if err != nil || now.Size() != f.Size() || !now.ModTime().Equal(f.ModTime()) {
		return Result{}, &Error{Code: "connect.changing", Message: "文件在读取时发生了变化，待其写完后再取", Retry: true, cause: err}
	}
	return Result{Name: f.Name(), Rows: -1, after: func(ctx context.Context) error {
		sh, err := c.shelf(ctx, s, k)
		if err != nil {
			return err
		}
		defer sh.close()
		return c.aside(sh, f.Name())
	}}, nil
}

// aside moves a file and its marker into the folder of those taken; an earlier one of that name stays.
func (c *Client) aside(sh shelf, name string) error {
	if err := sh.mkdir(takenFolder); err != nil && !errors.Is(err, fs.ErrExist) {
		if st, serr := sh.stat(takenFolder); serr != nil || !st.IsDir() {
			return err
		}
	}
	to := path.Join(takenFolder, name)
	for n := 2; ; n++ {
		if _, err := sh.stat(to); err != nil {
			break
		}
		to = path.Join(takenFolder, fmt.Sprintf("%s.%d", name, n))
	}
	if err := sh.move(name, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := sh.stat(name + ".ok"); err == nil {
		return sh.move(name+".ok", to+".ok")
	}
	return nil
}

func (c *Client) look(ctx context.Context, s Spec, k Secret) (Finding, error) {
	sh, err := c.shelf(ctx, s, k)
	if err != nil {
		return Finding{}, err
	}
	defer sh.close()
	files, waiting, err := c.ready(sh, s)
	if err != nil {
		return Finding{}, err
	}
	return Finding{Rows: -1, Files: len(files), Say: fmt.Sprintf("连接成功：目录可读，符合规则且已写完的文件%d个，未写完的%d个", len(files), waiting)}, nil
}

// watched stops with its context and tells how far it is.
type watched struct {
	ctx  context.Context //nolint:containedctx // one copy, one context
	r    io.Reader
	n    int64
	tell func(rows, bytes int64)
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.r.Read(p)
	w.n += int64(n)
	w.tell(0, w.n)
	return n, err
}

// folder is a folder of this machine; nothing below it can lead out of it.
type folder struct{ root *os.Root }

func (f folder) list() ([]fs.FileInfo, error) {
	d, err := f.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var out []fs.FileInfo
	for _, n := range names {
		st, err := f.root.Lstat(n) // a link is no regular file
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, st)
	}
	return out, nil
}

// open takes regular files only, and waits for nobody at the other end of anything else.
func (f folder) open(name string) (io.ReadCloser, error) {
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if st, err := file.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, errors.Join(err, fs.ErrInvalid, file.Close())
	}
	return file, nil
}
func (f folder) stat(name string) (fs.FileInfo, error) { return f.root.Lstat(name) }
func (f folder) mkdir(name string) error               { return f.root.Mkdir(name, 0o750) }
func (f folder) move(from, to string) error            { return f.root.Rename(from, to) }
func (f folder) close()                                { f.root.Close() } //nolint:errcheck // opened for reading

// remote is a folder of an SFTP server.
type remote struct {
	dir  string
	c    *sftp.Client
	conn *ssh.Client
}

func (c *Client) openSFTP(ctx context.Context, s Spec, k Secret) (shelf, error) {
	if k.User == "" {
		return nil, fault("connect.credential", "", "还没有录入连接账号，请先由数源部门录入连接凭据")
	}
	var auth []ssh.AuthMethod
	if k.Key != "" {
		signer, err := ssh.ParsePrivateKey([]byte(k.Key))
		if err != nil {
			return nil, fault("connect.key", "", "私钥的格式不正确，应为未加口令的 OpenSSH 或 PEM 私钥")
		}
		auth = append(auth, ssh.PublicKeys(signer))
	}
	if k.Password != "" {
		auth = append(auth, ssh.Password(k.Password))
	}
	conn, err := c.c.Policy.dial(ctx, c.c.Timeout, s.Address)
	if err != nil {
		return nil, err
	}
	foreign := false
	cfg := &ssh.ClientConfig{User: k.User, Auth: auth, Timeout: c.c.Timeout, HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
		if ssh.FingerprintSHA256(key) != s.HostKey {
			foreign = true
			return errors.New("another host key")
		}
		return nil
	}}
	greet, cancel := context.WithTimeout(ctx, c.c.Timeout)
	defer cancel()
	stop := context.AfterFunc(greet, func() { conn.Close() }) //nolint:errcheck // the greeting took too long
	sc, chans, reqs, err := ssh.NewClientConn(conn, s.Address, cfg)
	if err != nil {
		conn.Close() //nolint:errcheck // it failed already
		switch {
		case foreign:
			return nil, fault("connect.hostkey", "hostKey", "服务器的主机密钥与登记的指纹不一致，已拒绝连接，请与数源部门核实")
		case strings.Contains(err.Error(), "unable to authenticate"):
			return nil, &Error{Code: "connect.login", Message: "服务器拒绝了该账号：用户名、口令或私钥不对"}
		}
		if greet.Err() != nil {
			return nil, greet.Err()
		}
		return nil, err
	}
	if !stop() {
		return nil, greet.Err()
	}
	client := ssh.NewClient(sc, chans, reqs)
	context.AfterFunc(ctx, func() { client.Close() }) //nolint:errcheck // the end of the copy
	f, err := sftp.NewClient(client)
	if err != nil {
		return nil, errors.Join(&Error{Code: "connect.sftp", Message: "服务器没有开启 SFTP 服务"}, client.Close())
	}
	if st, err := f.Stat(s.Path); err != nil || !st.IsDir() {
		return nil, errors.Join(fault("connect.folder", "path", "服务器上没有这个目录，或者该账号无权读取"), f.Close(), client.Close())
	}
	return &remote{s.Path, f, client}, nil
}

func (r *remote) list() ([]fs.FileInfo, error)            { return r.c.ReadDir(r.dir) }
func (r *remote) open(name string) (io.ReadCloser, error) { return r.c.Open(path.Join(r.dir, name)) }
func (r *remote) stat(name string) (fs.FileInfo, error)   { return r.c.Lstat(path.Join(r.dir, name)) }
func (r *remote) mkdir(name string) error                 { return r.c.Mkdir(path.Join(r.dir, name)) }
func (r *remote) move(from, to string) error {
	return r.c.Rename(path.Join(r.dir, from), path.Join(r.dir, to))
}
func (r *remote) close() {
	r.c.Close()    //nolint:errcheck // read from only
	r.conn.Close() //nolint:errcheck // with it
}
