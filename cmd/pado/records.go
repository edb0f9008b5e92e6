package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"pado/core/audit"
	"pado/core/id"
	"pado/core/secret"
	"pado/core/store"
)

// place says where a city's records are: the data directory, the database when it is not the
// file in it, and the key-encryption key, which is never inside.
type place struct {
	data, db, kek string
}

func (p *place) flags(f *flag.FlagSet) {
	f.StringVar(&p.data, "data", "", "数据目录")
	f.StringVar(&p.db, "db", os.Getenv("PADO_DB"), "PostgreSQL 地址；缺省为数据目录内的 SQLite")
	f.StringVar(&p.kek, "kek", os.Getenv("PADO_KEK"), "主密钥文件；缺省为数据目录旁的“目录名.kek”")
}

func (p *place) check() error {
	if p.data == "" {
		return fmt.Errorf("%w: 请用 --data 指明数据目录", errUsage)
	}
	abs, err := filepath.Abs(p.data)
	if err != nil {
		return err
	}
	p.data = abs
	if p.kek == "" {
		p.kek = abs + ".kek"
	}
	return nil
}

func (p *place) dsn() string {
	if p.db != "" {
		return p.db
	}
	return filepath.Join(p.data, "pado.db")
}

// readKEK reads the key-encryption key; with create it makes one where none is.
func (p *place) readKEK(create bool) ([]byte, error) {
	if _, err := os.Stat(p.next()); err == nil {
		return nil, errRotating
	}
	b, err := os.ReadFile(p.kek)
	if errors.Is(err, os.ErrNotExist) && create {
		b = make([]byte, secret.KEKSize)
		if _, err := rand.Read(b); err != nil {
			return nil, err
		}
		return b, os.WriteFile(p.kek, b, 0o600)
	}
	if err != nil {
		return nil, errors.New("读不到主密钥文件，请用 --kek 指明")
	}
	if len(b) != secret.KEKSize {
		return nil, errors.New("主密钥文件的长度不对")
	}
	return b, nil
}

// read opens the records without their key. The caller closes them.
func (p *place) read(ctx context.Context) (*store.DB, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if p.db == "" {
		if _, err := os.Stat(p.dsn()); err != nil {
			return nil, errors.New("数据目录中没有平台记录，请先运行 pado init 或 pado demo")
		}
	}
	db, err := store.Open(ctx, store.Options{DSN: p.dsn()})
	if err != nil {
		return nil, fmt.Errorf("打开记录失败：%w", err)
	}
	return db, nil
}

// open opens existing records and their log keys.
func (p *place) open(ctx context.Context) (*store.DB, []byte, audit.Keys, error) {
	db, err := p.read(ctx)
	if err != nil {
		return nil, nil, audit.Keys{}, err
	}
	kek, err := p.readKEK(false)
	if err != nil {
		return nil, nil, audit.Keys{}, errors.Join(err, db.Close())
	}
	var keys audit.Keys
	err = db.View(ctx, func(r *store.ReadTx) error {
		sealed, err := r.Secret(logKeys)
		if err != nil {
			return errors.New("记录中没有日志密钥")
		}
		plain, err := secret.Open(kek, logKeys, sealed)
		if err != nil {
			return errors.New("主密钥与这套记录不匹配")
		}
		keys, err = audit.ParseKeys(plain)
		return err
	})
	if err != nil {
		db.Close()
		return nil, nil, keys, err
	}
	return db, kek, keys, nil
}

const logKeys = "log.keys"

// found creates the records of a city in an empty place.
func found(ctx context.Context, p *place, city string, demo bool, start time.Time, seed io.Reader) (*store.DB, []byte, audit.Keys, error) {
	var keys audit.Keys
	if err := p.check(); err != nil {
		return nil, nil, keys, err
	}
	if _, ok := id.Division(city); !ok {
		return nil, nil, keys, fmt.Errorf("%w: 没有区划代码 %s", errUsage, strconv.Quote(city))
	}
	if _, err := os.Stat(filepath.Join(p.data, "pado.db")); err == nil && p.db == "" {
		return nil, nil, keys, errors.New("数据目录中已有平台记录，未作改动")
	}
	if err := os.MkdirAll(p.data, 0o700); err != nil {
		return nil, nil, keys, err
	}
	kek, err := p.readKEK(true)
	if err != nil {
		return nil, nil, keys, err
	}
	rnd := io.Reader(rand.Reader)
	if seed != nil {
		rnd = seed
	}
	origin := "log.pado." + city
	if keys, err = audit.GenerateKeys(origin, rnd); err != nil {
		return nil, nil, keys, err
	}
	public, err := keys.Signers().Public()
	if err != nil {
		return nil, nil, keys, err
	}
	plain, err := keys.MarshalBinary()
	if err != nil {
		return nil, nil, keys, err
	}
	sealed, err := secret.Seal(kek, logKeys, plain, rand.Reader)
	if err != nil {
		return nil, nil, keys, err
	}
	db, err := store.Open(ctx, store.Options{DSN: p.dsn(), Rand: seed})
	if err != nil {
		return nil, nil, keys, err
	}
	err = db.Found(ctx, store.Founding{City: city, Origin: origin, Demo: demo, Start: start, Keys: public,
		Also: func(t *store.Tx) error { return t.PutSecret(logKeys, "log", sealed) }})
	if err != nil {
		db.Close()
		return nil, nil, keys, fmt.Errorf("建立记录失败：%w", err)
	}
	return db, kek, keys, nil
}

// sign signs checkpoints of everything committed so far.
func sign(ctx context.Context, db *store.DB, keys audit.Keys) error {
	_, err := db.SignCheckpoint(ctx, keys.Signers().Checkpoints)
	return err
}
