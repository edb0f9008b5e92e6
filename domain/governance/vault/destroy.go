package vault

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
)

// Destruction is what a destruction certificate (销毁证明) may state.
type Destruction struct {
	Object
	EnvelopeSHA256 string   `json:"envelope_sha256"` // of the destroyed envelope
	Method         string   `json:"method"`
	Removed        []string `json:"removed"` // kinds of parts removed, in order
	Limits         string   `json:"limits"`  // what the method cannot promise
}

// Destroy removes the only copy of the data key and then the ciphertext, and
// leaves a tombstone so that the id stays spent. The facts are written before
// anything is removed; a crash in between is finished by calling it again.
// Copies in backups are not reached: the caller accounts for those.
func (v *Vault) Destroy(id string) (Destruction, error) {
	lock, err := v.acquire(id)
	if err != nil {
		return Destruction{}, err
	}
	defer v.release(id, lock)
	var d Destruction
	if b, err := os.ReadFile(v.path(id, ".gone")); err == nil {
		if json.Unmarshal(b, &d) != nil {
			return Destruction{}, ErrTampered
		}
	} else {
		raw, err := os.ReadFile(v.path(id, ".env"))
		if err != nil {
			return Destruction{}, ioError(err)
		}
		env, err := decodeEnvelope(raw)
		if err != nil {
			return Destruction{}, err
		}
		sum := sha256.Sum256(raw)
		d = Destruction{Object: env.object(id), EnvelopeSHA256: hex.EncodeToString(sum[:]), Method: "密钥销毁并删除密文",
			Removed: []string{"wrapped data key", "ciphertext"},
			Limits:  "备份介质和存储介质的残留不在此列；残留密文没有数据密钥不可解密"}
		b, err := json.Marshal(d)
		if err != nil {
			return Destruction{}, ErrIO
		}
		if err := v.replace(id+".gone", append(b, '\n')); err != nil {
			return Destruction{}, err
		}
	}
	for _, ext := range []string{".env", ".part.env"} {
		if err := v.wipe(id + ext); err != nil {
			return Destruction{}, err
		}
	}
	for _, ext := range []string{".raw", ".part"} {
		if err := os.Remove(v.path(id, ext)); err != nil && !os.IsNotExist(err) {
			return Destruction{}, ioError(err)
		}
	}
	return d, v.syncDir()
}

// wipe overwrites a small file before unlinking it.
func (v *Vault) wipe(name string) error {
	p := filepath.Join(v.dir, name)
	f, err := os.OpenFile(p, os.O_RDWR, 0)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return ioError(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return ioError(err)
	}
	if _, err := f.WriteAt(make([]byte, st.Size()), 0); err != nil {
		return ioError(err)
	}
	if err := f.Sync(); err != nil {
		return ioError(err)
	}
	return ioError(os.Remove(p))
}

// Discard removes an object that never became a record, without a tombstone: a part of an upload,
// or what nobody delivered. An object that is not there is no error; ErrDestroyed for one that was
// destroyed. A crash in between leaves ciphertext without a key, which calling it again removes.
func (v *Vault) Discard(id string) error {
	lock, err := v.acquire(id)
	if err != nil {
		return err
	}
	defer v.release(id, lock)
	if v.exists(id, ".gone") {
		return ErrDestroyed
	}
	for _, ext := range []string{".env", ".part.env"} {
		if err := v.wipe(id + ext); err != nil {
			return err
		}
	}
	for _, ext := range []string{".raw", ".part"} {
		if err := os.Remove(v.path(id, ext)); err != nil && !os.IsNotExist(err) {
			return ioError(err)
		}
	}
	return v.syncDir()
}

// Gone proves that an object was destroyed: the facts that were kept, after a look that neither
// key nor ciphertext is there. ErrNotFound when it was not destroyed, ErrBusy while it still is.
func (v *Vault) Gone(id string) (Destruction, error) {
	var d Destruction
	if !idShape.MatchString(id) {
		return d, ErrBadID
	}
	b, err := os.ReadFile(v.path(id, ".gone"))
	if err != nil {
		return d, ioError(err)
	}
	if json.Unmarshal(b, &d) != nil {
		return d, ErrTampered
	}
	for _, ext := range []string{".env", ".part.env", ".raw", ".part"} {
		if v.exists(id, ext) {
			return d, ErrBusy
		}
	}
	return d, nil
}
