package main

import (
	"errors"
	"os"
	"path/filepath"

	"pado/domain/governance/connector"
)

// fetcher reaches what the operator of the machine lists: PADO_CONNECT_ALLOW holds the addresses,
// PADO_FOLDERS the root of the exchange folders (前置目录). Without them nothing is reached.
func (x *platform) fetcher(env func(string) string) (*connector.Client, error) {
	policy, err := connector.ParsePolicy(env("PADO_CONNECT_ALLOW"))
	if err != nil {
		return nil, err
	}
	root := env("PADO_FOLDERS")
	if root != "" {
		if st, err := os.Stat(root); err != nil || !st.IsDir() || !filepath.IsAbs(root) {
			return nil, errors.New("PADO_FOLDERS 应为已存在的绝对目录")
		}
	}
	return connector.New(connector.Config{Policy: policy, Folders: root, Wall: x.db.Wall}), nil
}
