package verify_test

import (
	"testing"

	"pado/core/audit/verify"

	"pgregory.net/rapid"
)

// places lists every byte a source shows and the kept checkpoint, each by a pointer into the copy.
func places(s *shown, since []byte) (all []*byte) {
	add := func(b []byte) {
		for i := range b {
			all = append(all, &b[i])
		}
	}
	add(s.ed)
	add(s.sm)
	add(since)
	for _, r := range s.rows {
		add(r.Public)
		add(r.Body)
		add(r.Salt)
	}
	for level := int64(0); len(s.rows)>>level > 0; level++ {
		for i := range int64(len(s.rows) >> level) {
			add(s.nodes[[2]int64{level, i}].SHA256)
			add(s.nodes[[2]int64{level, i}].SM3)
		}
	}
	return all
}

func flippable(t testing.TB) (s *shown, opt verify.Options, all []*byte) {
	c := found(t, 9)
	c.work(t, 2)
	since := c.show(t)
	c.work(t, 4)
	opt = c.options(t)
	opt.Since = since.sm
	s = c.show(t)
	return s, opt, places(s, opt.Since)
}

// TestAnyBit flips bits anywhere: in leaves, bodies, salts, stored nodes, both checkpoints and the kept one.
func TestAnyBit(t *testing.T) {
	s, opt, all := flippable(t)
	if rep := run(t, s, opt); !rep.OK {
		t.Fatalf("%+v", rep)
	}
	for n, p := range all { // every byte once, bits in turn
		bit := byte(1) << (n % 8)
		*p ^= bit
		rep, err := verify.Verify(t.Context(), s, opt)
		*p ^= bit
		if err == nil && rep.OK {
			t.Fatalf("byte %d of %d, bit %#x: nobody noticed", n, len(all), bit)
		}
	}
	rapid.Check(t, func(t *rapid.T) { // several at once, any bits
		at := rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 1, 5, rapid.ID).Draw(t, "at")
		mask := rapid.SliceOfN(rapid.ByteRange(1, 255), len(at), len(at)).Draw(t, "mask")
		for i, n := range at {
			*all[n] ^= mask[i]
		}
		rep, err := verify.Verify(t.Context(), s, opt)
		for i, n := range at {
			*all[n] ^= mask[i]
		}
		if err == nil && rep.OK {
			t.Fatal("nobody noticed")
		}
	})
	if rep := run(t, s, opt); !rep.OK {
		t.Fatalf("the log was not restored: %+v", rep)
	}
}

// FuzzAnyByte gives the same question to the fuzzer.
func FuzzAnyByte(f *testing.F) {
	s, opt, all := flippable(f)
	f.Add(uint32(5), byte(1), uint32(4000), byte(0))
	f.Fuzz(func(t *testing.T, a uint32, x byte, b uint32, y byte) {
		p, q := all[int(a)%len(all)], all[int(b)%len(all)]
		*p ^= x
		*q ^= y
		same := (x == 0 && y == 0) || (p == q && x == y)
		rep, err := verify.Verify(t.Context(), s, opt)
		*q ^= y
		*p ^= x
		if (err == nil && rep.OK) != same {
			t.Fatalf("ok %v, %v: %+v", rep.OK, err, rep.Findings)
		}
	})
}
