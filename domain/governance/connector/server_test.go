package connector

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/csv"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/ssh"
)

// server is a real database with the table people, whose account "reader" may read it.
type server struct {
	spec  Spec
	admin func(t *testing.T, sql ...string)
	quote string
}

const secretWord = "Kein-Wort-davon"

func postgresServer(t *testing.T) server {
	dsn := os.Getenv("PADO_PG")
	if dsn == "" {
		t.Skip("PADO_PG is not set: run under tools/with-postgres.sh to try a real PostgreSQL")
	}
	cfg, err := pgx.ParseConfig(dsn)
	must(t, err)
	admin := func(t *testing.T, list ...string) {
		t.Helper()
		conn, err := pgx.ConnectConfig(ctx, cfg)
		must(t, err)
		defer conn.Close(ctx)
		for _, q := range list {
			if _, err := conn.Exec(ctx, q); err != nil {
				t.Fatal(q, err)
			}
		}
	}
	schema := fmt.Sprintf("src_%d", time.Now().UnixNano())
	role := schema + "_reader"
	admin(t, "CREATE SCHEMA "+schema, "CREATE ROLE "+role+" LOGIN PASSWORD '"+secretWord+"'", "GRANT USAGE ON SCHEMA "+schema+" TO "+role,
		`CREATE TABLE `+schema+`.people (id BIGINT PRIMARY KEY, "姓名" TEXT, born DATE, score NUMERIC(12,4), changed TIMESTAMP, photo BYTEA, note TEXT)`,
		`CREATE TABLE `+schema+`.hidden (id BIGINT)`, "GRANT SELECT ON "+schema+".people TO "+role)
	t.Cleanup(func() { admin(t, "DROP SCHEMA "+schema+" CASCADE", "DROP ROLE "+role) })
	return server{Spec{Kind: PostgreSQL, Address: net.JoinHostPort("127.0.0.1", fmt.Sprint(cfg.Port)), Database: cfg.Database, Schema: schema, Table: "people",
		Columns: []string{"id", "姓名", "born", "score", "changed", "note"}, Mode: Full}, func(t *testing.T, list ...string) {
		t.Helper()
		for i := range list {
			list[i] = strings.ReplaceAll(list[i], "people", schema+".people")
		}
		admin(t, list...)
	}, role}
}

func mariaServer(t *testing.T) server {
	bin, err := exec.LookPath("mariadbd")
	if err != nil {
		t.Skip("mariadbd is not installed: apt-get install mariadb-server to try a real MariaDB")
	}
	dir, err := os.MkdirTemp("", "pado-maria") // short: a socket's path is limited
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	me, err := user.Current()
	must(t, err)
	data, sock := filepath.Join(dir, "data"), filepath.Join(dir, "s")
	if out, err := exec.Command("mariadb-install-db", "--no-defaults", "--user="+me.Username, "--datadir="+data, "--auth-root-authentication-method=socket", "--skip-test-db").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := l.Addr().String()
	_, port, err := net.SplitHostPort(address)
	must(t, errors.Join(err, l.Close()))
	cmd := exec.Command(bin, "--no-defaults", "--user="+me.Username, "--datadir="+data, "--socket="+sock, "--port="+port, "--bind-address=127.0.0.1", "--skip-name-resolve",
		"--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--pid-file="+filepath.Join(dir, "pid"))
	stderr, err := cmd.StderrPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	said := bufio.NewScanner(stderr)
	for ready := false; !ready; ready = strings.Contains(said.Text(), "ready for connections") {
		if !said.Scan() {
			t.Fatal("the server ended")
		}
	}
	go io.Copy(io.Discard, stderr)
	admin := func(t *testing.T, list ...string) {
		t.Helper()
		c := exec.Command("mariadb", "--no-defaults", "--default-character-set=utf8mb4", "-S", sock, "-u", me.Username)
		c.Stdin = strings.NewReader(strings.Join(list, ";\n") + ";\n")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
	}
	admin(t, "CREATE DATABASE src CHARACTER SET utf8mb4", "CREATE TABLE src.people (id BIGINT PRIMARY KEY, `姓名` TEXT, born DATE, score DECIMAL(12,4), changed DATETIME(6), photo BLOB, note TEXT)",
		"CREATE TABLE src.hidden (id BIGINT)", "CREATE USER reader@'127.0.0.1' IDENTIFIED BY '"+secretWord+"'", "GRANT SELECT ON src.people TO reader@'127.0.0.1'")
	return server{Spec{Kind: MySQL, Address: address, Database: "src", Table: "people", Columns: []string{"id", "姓名", "born", "score", "changed", "note"}, Mode: Full},
		func(t *testing.T, list ...string) {
			t.Helper()
			for i := range list {
				list[i] = strings.ReplaceAll(strings.ReplaceAll(list[i], "people", "src.people"), `"`, "`")
			}
			admin(t, list...)
		}, "reader"}
}

func eachServer(t *testing.T, f func(*testing.T, server)) {
	t.Run("postgresql", func(t *testing.T) { f(t, postgresServer(t)) })
	t.Run("mariadb", func(t *testing.T) { f(t, mariaServer(t)) })
}

func fetch(t *testing.T, c *Client, s Spec, k Secret, since string) (Result, [][]string) {
	t.Helper()
	var b bytes.Buffer
	res, err := c.Fetch(ctx, s, k, since, &b, nil)
	must(t, err)
	rows, err := csv.NewReader(&b).ReadAll()
	must(t, err)
	return res, rows
}

func TestATableIsPulledWholeAndAboveItsWatermark(t *testing.T) {
	eachServer(t, func(t *testing.T, sv server) {
		k := Secret{User: sv.quote, Password: secretWord}
		c := New(Config{Policy: policy(t, sv.spec.Address)})
		sv.admin(t, `INSERT INTO people (id, "姓名", born, score, changed, note) VALUES (9007199254740993, '张三', '1990-02-28', 12.5, '2026-01-01 08:00:00', 'a,''b'), (2, '𠮷野', NULL, -0.0001, NULL, '')`)
		f, err := c.Probe(ctx, sv.spec, k)
		must(t, err)
		if len(f.Columns) != 6 || !strings.Contains(f.Say, "6列齐全") {
			t.Errorf("%+v", f)
		}
		res, rows := fetch(t, c, sv.spec, k, "")
		if res.Rows != 2 || res.Watermark != "" || len(rows) != 3 || strings.Join(rows[0], "|") != "id|姓名|born|score|changed|note" {
			t.Fatalf("%+v %v", res, rows)
		}
		text := fmt.Sprint(rows)
		// The number a float cannot hold, the name beyond the basic plane, the cell with comma and quote.
		for _, want := range []string{"9007199254740993", "𠮷野", "a,'b", "12.5000", "-0.0001", "1990-02-28", "2026-01-01 08:00:00"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s is missing in %s", want, text)
			}
		}
		inc := sv.spec
		inc.Mode, inc.Watermark = Incremental, "changed"
		res, rows = fetch(t, c, inc, k, "")
		if res.Rows != 2 || !strings.HasPrefix(res.Watermark, "2026-01-01 08:00:00") {
			t.Fatalf("the first pull takes everything, rows without a mark included: %+v %v", res, rows)
		}
		if _, err := c.Fetch(ctx, inc, k, res.Watermark, io.Discard, nil); !errors.Is(err, ErrNothing) {
			t.Errorf("nothing new: %v", err)
		}
		sv.admin(t, `INSERT INTO people (id, "姓名", changed) VALUES (3, '李四', '2026-01-01 08:00:00.000001'), (4, '王五', '2025-12-31 00:00:00')`)
		res, rows = fetch(t, c, inc, k, res.Watermark)
		if len(rows) != 2 || rows[1][0] != "3" {
			t.Errorf("%+v %v", res, rows)
		}
		inc.Watermark = "id"
		res, _ = fetch(t, c, inc, k, "")
		if res.Watermark != "9007199254740993" {
			t.Error(res.Watermark)
		}
		sv.admin(t, `INSERT INTO people (id) VALUES (9007199254740994)`)
		if _, rows = fetch(t, c, inc, k, res.Watermark); len(rows) != 2 || rows[1][0] != "9007199254740994" {
			t.Error(rows)
		}
	})
}

// Every fault is one sentence for the clerk; none holds the password or the server's own words.
func TestWhatIsSaidOfABadConnection(t *testing.T) {
	eachServer(t, func(t *testing.T, sv server) {
		good := Secret{User: sv.quote, Password: secretWord}
		c := New(Config{Policy: policy(t, "127.0.0.1"), Timeout: 5 * time.Second})
		closed, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		nobody := closed.Addr().String()
		must(t, closed.Close())
		mute, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer mute.Close()
		go func() { // a port that hangs up
			for {
				conn, err := mute.Accept()
				if err != nil {
					return
				}
				conn.Close()
			}
		}()
		for want, change := range map[string]func(*Spec, *Secret){
			"connect.login":      func(_ *Spec, k *Secret) { k.Password = "Falsches-Wort" },
			"connect.credential": func(_ *Spec, k *Secret) { k.User = "" },
			"connect.table":      func(s *Spec, _ *Secret) { s.Table = "nirgends" },
			"connect.column":     func(s *Spec, _ *Secret) { s.Columns = []string{"id", "photo"} },
			"connect.column ":    func(s *Spec, _ *Secret) { s.Columns = []string{"nichts"} },
			"connect.column  ":   func(s *Spec, _ *Secret) { s.Mode, s.Watermark = Incremental, "note" },
			"connect.table ":     func(s *Spec, _ *Secret) { s.Table = "hidden"; s.Columns = []string{"id"} },
			"connect.refused":    func(s *Spec, _ *Secret) { s.Address = nobody },
			"connect.broken":     func(s *Spec, _ *Secret) { s.Address = mute.Addr().String() },
		} {
			if sv.spec.Kind == PostgreSQL && want == "connect.login" {
				continue // the private server of the tests trusts everybody on the loopback
			}
			s, k := sv.spec, good
			change(&s, &k)
			_, err := c.Probe(ctx, s, k)
			var e *Error
			if !errors.As(err, &e) || e.Code != strings.TrimSpace(want) {
				t.Errorf("%s: %v (%v)", want, err, errors.Unwrap(err))
				continue
			}
			if strings.Contains(e.Message, secretWord) || strings.Contains(e.Message, "Falsches") || strings.Contains(e.Error(), "127.0.0.1") {
				t.Errorf("%s says too much: %s", want, e.Message)
			}
		}
		s := sv.spec
		s.Database = "nirgendwo"
		if _, err := c.Probe(ctx, s, good); code(err) != "connect.database" && code(err) != "connect.denied" {
			t.Error(err)
		}
		s.Database, s.TLS = sv.spec.Database, "required"
		if _, err := c.Probe(ctx, s, good); err == nil {
			t.Error("a server without a trusted certificate was taken for one with")
		}
	})
}

// A pull can write nothing, whatever the account may do.
func TestAPullWritesNothing(t *testing.T) {
	sv := postgresServer(t)
	sv.admin(t, `CREATE FUNCTION src_writes() RETURNS BIGINT LANGUAGE sql AS 'INSERT INTO people (id) VALUES (99) RETURNING id'`)
	t.Cleanup(func() { sv.admin(t, "DROP FUNCTION src_writes() CASCADE") })
	sv.admin(t, `CREATE VIEW people_view AS SELECT 1::bigint AS id, 'x' AS n UNION ALL SELECT src_writes(), 'y'`, "GRANT ALL ON people TO "+sv.quote, "GRANT ALL ON people_view TO "+sv.quote)
	s := sv.spec
	s.Table, s.Columns = "people_view", []string{"id"}
	if _, err := New(Config{Policy: policy(t, "127.0.0.1")}).Fetch(ctx, s, Secret{User: sv.quote, Password: secretWord}, "", io.Discard, nil); code(err) != "connect.readonly" {
		t.Error(err)
	}
}

func TestCancelEndsAPull(t *testing.T) {
	eachServer(t, func(t *testing.T, sv server) {
		sv.admin(t, "INSERT INTO people (id, note) VALUES (1, 'x')")
		run, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := New(Config{Policy: policy(t, "127.0.0.1")}).Fetch(run, sv.spec, Secret{User: sv.quote, Password: secretWord}, "", io.Discard, nil); err == nil {
			t.Error("it went on")
		}
	})
}

// sftpServer is OpenSSH on a private port, with a folder and a key that may enter.
func sftpServer(t *testing.T) (Spec, Secret, string) {
	bin, err := exec.LookPath("/usr/sbin/sshd")
	if err != nil {
		t.Skip("sshd is not installed: apt-get install openssh-server to try a real SFTP server")
	}
	me, err := user.Current()
	must(t, err)
	dir := t.TempDir()
	if me.Uid == "0" {
		must(t, os.MkdirAll("/run/sshd", 0o755)) // the server's own, where it gives up its rights
	}
	write := func(name string) (ssh.Signer, string) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		block, err := ssh.MarshalPrivateKey(key, "")
		must(t, err)
		text := pem.EncodeToMemory(block)
		must(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
		signer, err := ssh.NewSignerFromKey(key)
		must(t, err)
		return signer, string(text)
	}
	host, _ := write("host")
	mine, private := write("mine")
	must(t, os.WriteFile(filepath.Join(dir, "allowed"), ssh.MarshalAuthorizedKey(mine.PublicKey()), 0o600))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := l.Addr().String()
	_, port, err := net.SplitHostPort(address)
	must(t, errors.Join(err, l.Close()))
	conf := fmt.Sprintf("Port %s\nListenAddress 127.0.0.1\nHostKey %s/host\nAuthorizedKeysFile %s/allowed\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n", port, dir, dir)
	must(t, os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o600))
	cmd := exec.Command(bin, "-D", "-e", "-f", filepath.Join(dir, "conf"))
	stderr, err := cmd.StderrPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	said := bufio.NewScanner(stderr)
	for ready := false; !ready; ready = strings.Contains(said.Text(), "listening on") {
		if !said.Scan() {
			t.Fatal("the server ended")
		}
	}
	go io.Copy(io.Discard, stderr)
	out := filepath.Join(dir, "out")
	must(t, os.Mkdir(out, 0o700))
	return Spec{Kind: SFTP, Address: address, Path: out, Pattern: "*.csv", Ready: Marker, HostKey: ssh.FingerprintSHA256(host.PublicKey())}, Secret{User: me.Username, Key: private}, out
}

func TestFilesAreFetchedOverSFTP(t *testing.T) {
	s, k, out := sftpServer(t)
	c := New(Config{Policy: policy(t, "127.0.0.1"), Wall: time.Now})
	put(t, out, "a.csv", strings.Repeat("x", 200_000), time.Now())
	if _, err := c.Fetch(ctx, s, k, "", io.Discard, nil); !errors.Is(err, ErrNothing) {
		t.Fatal(err)
	}
	put(t, out, "a.csv.ok", "", time.Now())
	f, err := c.Probe(ctx, s, k)
	must(t, err)
	if f.Files != 1 {
		t.Errorf("%+v", f)
	}
	var got bytes.Buffer
	res, err := c.Fetch(ctx, s, k, "", &got, nil)
	must(t, err)
	if got.Len() != 200_000 || res.Name != "a.csv" {
		t.Error(got.Len(), res.Name)
	}
	must(t, res.Taken(ctx))
	must(t, res.Taken(ctx))
	if _, err := os.Stat(filepath.Join(out, takenFolder, "a.csv")); err != nil {
		t.Error(err)
	}
	wrong := s
	wrong.HostKey = "SHA256:" + strings.Repeat("A", 43)
	if _, err := c.Probe(ctx, wrong, k); code(err) != "connect.hostkey" {
		t.Error(err)
	}
	if _, err := c.Probe(ctx, s, Secret{User: k.User, Password: "x"}); code(err) != "connect.login" {
		t.Error(err)
	}
	if _, err := c.Probe(ctx, s, Secret{User: k.User, Key: "x"}); code(err) != "connect.key" {
		t.Error(err)
	}
	wrong = s
	wrong.Path = "/nirgends"
	if _, err := c.Probe(ctx, wrong, k); code(err) != "connect.folder" {
		t.Error(err)
	}
	if _, err := New(Config{Wall: time.Now}).Probe(ctx, s, k); code(err) != "connect.blocked" {
		t.Error(err)
	}
}
