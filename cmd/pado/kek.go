package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"pado/core/audit"
	"pado/core/identity"
	"pado/core/secret"
	"pado/core/store"
	"pado/domain/governance/vault"
)

func init() {
	add("kek", "rotate：更换主密钥，原始数据和凭据改由新密钥封存；中断后再运行即继续", func(ctx context.Context, args []string, out io.Writer) error {
		return sub(args, map[string]func([]string) error{"rotate": func(args []string) error { return rotateCommand(ctx, args, out) }})
	})
}

// next is where the new key lies while a rotation is under way. While it is there the platform
// does not start: part of what is sealed may be under it already.
func (p *place) next() string { return p.kek + ".next" }

var errRotating = errors.New("主密钥轮换尚未完成，请先运行 pado kek rotate 继续")

// hold keeps a rotation and a running platform apart; the file is released with the process.
func (p *place) hold(exclusive bool) (io.Closer, error) {
	f, err := os.OpenFile(filepath.Join(p.data, "kek.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		f.Close()
		if exclusive {
			return nil, errors.New("平台正在运行，请先停止全部实例再轮换主密钥")
		}
		return nil, errRotating
	}
	return f, nil
}

// rotateCommand changes the key-encryption key. Order: the new key is durable, then every envelope
// is wrapped under it, then the records' secrets in one transaction with the entry, then the key
// file is replaced in one rename. Killed anywhere before the rename, it is run again and goes on;
// what is done is found done.
func rotateCommand(ctx context.Context, args []string, out io.Writer) error {
	var p place
	f := flags("kek rotate")
	p.flags(f)
	if err := f.Parse(args); err != nil {
		return err
	}
	db, err := p.read(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	lock, err := p.hold(true)
	if err != nil {
		return err
	}
	defer lock.Close()
	old, err := readKey(p.kek)
	if err != nil {
		return err
	}
	fresh, err := readKey(p.next())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if fresh, err = newKey(p.next()); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		fmt.Fprintln(out, "继续上次未完成的轮换")
	}
	keys, err := logKeysUnder(ctx, db, fresh, old)
	if err != nil {
		return err
	}
	ring, err := vault.NewKeyring(fresh, old)
	if err != nil {
		return err
	}
	before, err := vault.NewKeyring(old)
	if err != nil {
		return err
	}
	objects, err := rewrap(ctx, p.data, ring, out)
	if err != nil {
		return err
	}
	secrets, err := reseal(ctx, db, old, fresh, before.ID(), ring.ID(), objects)
	if err != nil {
		return err
	}
	if err := sign(ctx, db, keys); err != nil {
		return err
	}
	kept := p.kek + ".old-" + before.ID()
	if err := keep(kept, old); err != nil {
		return err
	}
	if err := os.Rename(p.next(), p.kek); err != nil {
		return errors.New("新主密钥已启用，但没能替换主密钥文件，请检查目录权限后再运行一次")
	}
	fmt.Fprintf(out, "主密钥已更换：%s → %s；%d个封存文件、%d项凭据改由新密钥封存。\n旧主密钥另存为 %s，确认备份都已更新后请销毁。\n", before.ID(), ring.ID(), objects, secrets, kept)
	return nil
}

func readKey(name string) ([]byte, error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("读不到主密钥文件，请用 --kek 指明：%w", fs.ErrNotExist)
	}
	if err != nil {
		return nil, errors.New("读不到主密钥文件，请用 --kek 指明")
	}
	if len(b) != secret.KEKSize {
		return nil, errors.New("主密钥文件的长度不对")
	}
	return b, nil
}

func newKey(name string) ([]byte, error) {
	b := make([]byte, secret.KEKSize)
	if _, err := rand.Read(b); err != nil {
		return nil, err
	}
	return b, keep(name, b)
}

// keep writes a key durably in one rename; the same key there already is fine.
func keep(name string, key []byte) error {
	t, err := os.OpenFile(name+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return errors.New("写不了主密钥文件，请检查目录权限")
	}
	_, err = t.Write(key)
	if err = errors.Join(err, t.Sync(), t.Close()); err == nil {
		err = os.Rename(name+".tmp", name)
	}
	if err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// logKeysUnder opens the log's keys under the one or the other key.
func logKeysUnder(ctx context.Context, db *store.DB, keks ...[]byte) (keys audit.Keys, err error) {
	err = db.View(ctx, func(r *store.ReadTx) error {
		sealed, err := r.Secret(logKeys)
		if err != nil {
			return errors.New("记录中没有日志密钥")
		}
		for _, k := range keks {
			if plain, err := secret.Open(k, logKeys, sealed); err == nil {
				keys, err = audit.ParseKeys(plain)
				return err
			}
		}
		return errors.New("主密钥与这套记录不匹配")
	})
	return keys, err
}

// rewrap wraps every envelope below the data directory under the ring's current key.
func rewrap(ctx context.Context, data string, ring *vault.Keyring, out io.Writer) (n int, err error) {
	var dirs []string
	if err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".env") && !slices.Contains(dirs, filepath.Dir(path)) {
			dirs = append(dirs, filepath.Dir(path))
		}
		return err
	}); err != nil {
		return 0, err
	}
	for _, dir := range dirs {
		v, err := vault.At(dir, ring, vault.AES256GCM)
		if err != nil {
			return n, err
		}
		ids, err := v.List()
		if err != nil {
			return n, err
		}
		for _, id := range ids {
			if err := ctx.Err(); err != nil {
				return n, err
			}
			if err := v.Rewrap(id); err != nil {
				return n, fmt.Errorf("改封第%d个文件：%w", n+1, err)
			}
			if n++; n%500 == 0 {
				fmt.Fprintf(out, "已处理%d个封存文件\n", n)
			}
		}
	}
	return n, nil
}

// reseal moves the records' secrets in one transaction, with the entry of the rotation.
func reseal(ctx context.Context, db *store.DB, old, fresh []byte, from, to string, objects int) (n int, err error) {
	_, err = db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if n, err = identity.Rekey(w, old, fresh); err != nil {
			return audit.Entry{}, err
		}
		for _, c := range []struct{ table, prefix string }{{"sealed_secret", ""}, {"api_key", "api_key/"}} {
			var rows []struct {
				ID     string
				Sealed []byte
			}
			if err := w.Select(&rows, `SELECT id, sealed FROM `+c.table+` ORDER BY id`); err != nil {
				return audit.Entry{}, err
			}
			for _, r := range rows {
				if _, err := secret.Open(fresh, c.prefix+r.ID, r.Sealed); err == nil {
					continue
				}
				plain, err := secret.Open(old, c.prefix+r.ID, r.Sealed)
				if err != nil {
					return audit.Entry{}, fmt.Errorf("改封 %s：%w", c.table, err)
				}
				sealed, err := secret.Seal(fresh, c.prefix+r.ID, plain, w.Rand())
				if err != nil {
					return audit.Entry{}, err
				}
				if err := w.ExecOne(`UPDATE `+c.table+` SET sealed = $1 WHERE id = $2`, sealed, r.ID); err != nil {
					return audit.Entry{}, err
				}
				n++
			}
		}
		if n == 0 {
			return audit.Entry{}, nil // a rotation that was killed after its entry
		}
		return audit.Entry{Type: "key.rotate", Actor: "system", Object: "kek", Action: "rotate", From: from, To: to, Clause: "10.5.1", Result: audit.Done,
			Detail: map[string]string{"objects": fmt.Sprint(objects), "secrets": fmt.Sprint(n)}}, nil
	})
	if errors.Is(err, store.ErrNoEntry) {
		err = nil
	}
	return n, err
}
