//go:build test

package guard

import (
	"encoding/binary"
	"math/rand/v2"
)

// WithSeed makes an evaluation repeatable. It exists in builds with the test tag only: noise
// that can be repeated can be subtracted.
func (o EvalOptions) WithSeed(seed uint64) EvalOptions {
	var s [32]byte
	binary.BigEndian.PutUint64(s[:], seed)
	o.random = rand.NewChaCha8(s)
	return o
}
