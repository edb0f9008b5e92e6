package identity

import (
	"context"
	"os"
	"strings"
	"testing"
)

func TestRulesForPasswords(t *testing.T) {
	for _, c := range []struct {
		password string
		ok       bool
	}{
		{"Abcdef-1", true}, {"Abcdefg1", true}, {"abcdef-1", true}, {"中文口令Ab1x", true},
		{"Abcde-1", false}, {"abcdefgh", false}, {"abcdefg1", false}, {"ABCDEFG1", false}, {"12345678", false},
		{"xZhangSan1-", false}, {strings.Repeat("Aa1-", 33), false}, {"Abc\x00\x01\x02\x03\x04\x05", false}, {"", false},
	} {
		if err := StrongForTest("zhangsan", c.password); (err == nil) != c.ok {
			t.Errorf("%q: %v", c.password, err)
		}
	}
}

func TestAStoredPasswordIsReadStrictly(t *testing.T) {
	ctx := context.Background()
	for _, bad := range []string{"", "plain", "$argon2i$v=19$m=65536,t=1,p=1$AAAA$AAAA", "$argon2id$v=18$m=65536,t=1,p=1$AAAA$AAAA",
		"$argon2id$v=19$m=99999999,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=65536,t=0,p=1$AAAA$AAAA", "$argon2id$v=19$m=65536,t=1,p=1$?$AAAA",
		"$argon2id$v=19$m=65536,t=1,p=1$AAAA$"} {
		if ok, err := matches(ctx, bad, "x"); ok || err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if ok, err := matches(ctx, dummyHash(), ""); ok || err != nil {
		t.Error("the dummy opens", err)
	}
}

func TestTheGateTurnsAFloodAway(t *testing.T) {
	g := &gate{slots: make(chan struct{}, 1)}
	hold, held := make(chan struct{}), make(chan struct{})
	go g.run(context.Background(), func() { close(held); <-hold }) //nolint:errcheck // let go below
	<-held
	g.waiting.Store(maxWaiting)
	if err := g.run(context.Background(), func() { t.Error("ran") }); err != error(errBusy) {
		t.Error(err)
	}
	g.waiting.Store(1)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := g.run(gone, func() { t.Error("ran") }); err != context.Canceled {
		t.Error(err)
	}
	close(hold)
}

func TestMain(m *testing.M) {
	if memoryKiB != 64<<10 || passes != 1 {
		panic("the cost of a hash was changed")
	}
	memoryKiB = 256 // the rest of the suite hashes hundreds of times
	os.Exit(m.Run())
}

func BenchmarkHash(b *testing.B) {
	memoryKiB = 64 << 10
	defer func() { memoryKiB = 256 }()
	stored := dummyHash()
	for range b.N {
		matches(context.Background(), stored, "Shuozhou-2026") //nolint:errcheck // timing only
	}
}
