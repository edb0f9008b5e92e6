package main

import (
	"errors"
	"io"

	"pado/api"
	"pado/core/store"
	"pado/domain/governance/vault"
)

// sealedFiles keeps attachments in a vault of their own.
type sealedFiles struct{ v *vault.Vault }

func openFiles(dir string, kek []byte) (sealedFiles, error) {
	ring, err := vault.NewKeyring(kek)
	if err != nil {
		return sealedFiles{}, err
	}
	v, err := vault.At(dir, ring, vault.AES256GCM)
	return sealedFiles{v}, err
}

// Save implements api.Files.
func (f sealedFiles) Save(id string, r io.Reader, most int64) (string, int64, error) {
	w, err := f.v.Create(id, "attachment")
	if err != nil {
		return "", 0, readOnly(err)
	}
	n, err := io.Copy(w, io.LimitReader(r, most+1))
	if err == nil && n > most {
		err = api.ErrTooLarge
	}
	if err != nil {
		w.Abort()
		return "", 0, readOnly(err)
	}
	o, err := w.Commit()
	if err != nil {
		w.Abort()
	}
	return o.SHA256, o.Size, readOnly(err)
}

// readOnly tells the faces that a full disk is no fault of the program.
func readOnly(err error) error {
	if errors.Is(err, vault.ErrDiskFull) {
		return errors.Join(store.ErrReadOnly, err)
	}
	return err
}

// Open implements api.Files.
func (f sealedFiles) Open(id string) (io.ReadCloser, error) {
	r, err := f.v.Open(id)
	if errors.Is(err, vault.ErrNotFound) {
		return nil, errors.New("the bytes of an attachment are missing")
	}
	return r, err
}
