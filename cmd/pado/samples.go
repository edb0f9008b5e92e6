package main

import (
	"errors"
	"path/filepath"

	"pado/domain/governance/sample"
	"pado/domain/governance/vault"
)

// samples opens the room of samples; trials work beside the pool and leave nothing.
func (x *platform) samples() *sample.Service {
	return sample.New(sample.Config{Engine: x.engine, Files: x.files, KEK: x.kek, Dir: filepath.Join(x.data, "trials")})
}

// Destroy implements sample.Files; what is gone already is no fault.
func (f sealedFiles) Destroy(id string) error {
	_, err := f.v.Destroy(id)
	if errors.Is(err, vault.ErrNotFound) {
		return nil
	}
	return err
}
