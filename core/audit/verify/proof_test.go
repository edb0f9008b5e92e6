package verify_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pado/core/audit/verify"
)

// TestPublishedVectors runs the proofs of transparency-dev/merkle, the negative ones included: ordinary inclusion
// and consistency and those of subtrees.
func TestPublishedVectors(t *testing.T) {
	file, err := os.Open(filepath.Join("..", "..", "..", "..", "shared", "data", "vectors", "rfc6962_merkle_testdata.tgz"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("skipped: the published vectors are not beside this project (../shared/data/vectors)")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzip, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	type vector struct {
		LeafIdx, TreeSize, Start, End, Size, Size1, Size2 uint64
		Root, Root1, Root2, LeafHash                      []byte
		Proof                                             [][]byte
		Desc                                              string
		WantErr                                           bool
	}
	run := map[string]func(vector) error{
		"inclusion": func(v vector) error {
			return verify.CheckInclusion(verify.SHA256, v.LeafHash, v.LeafIdx, v.TreeSize, v.Proof, v.Root)
		},
		"consistency": func(v vector) error {
			return verify.CheckConsistency(verify.SHA256, v.Size1, v.Size2, v.Proof, v.Root1, v.Root2)
		},
		"subtreeinclusion": func(v vector) error {
			return verify.CheckSubtreeInclusion(verify.SHA256, v.LeafHash, v.LeafIdx, v.Start, v.End, v.Proof, v.Root)
		},
		"subtreeconsistency": func(v vector) error {
			return verify.CheckSubtreeConsistency(verify.SHA256, v.Start, v.End, v.Size, v.Proof, v.Root1, v.Root2)
		},
	}
	count, bad := 0, 0
	for r := tar.NewReader(unzip); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".json") {
			continue
		}
		var v vector
		if err := json.NewDecoder(r).Decode(&v); err != nil {
			t.Fatalf("%s: %v", h.Name, err)
		}
		check := run[strings.Split(h.Name, "/")[1]]
		if err := check(v); (err != nil) != v.WantErr {
			t.Errorf("%s (%s): %v, want error %v", h.Name, v.Desc, err, v.WantErr)
		}
		count++
		if v.WantErr {
			bad++
		}
	}
	t.Logf("%d vectors, %d of them negative", count, bad)
	if count != 518 {
		t.Errorf("%d vectors, there are 518", count)
	}
}
