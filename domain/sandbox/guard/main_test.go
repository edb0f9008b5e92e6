package guard

import (
	"os"
	"testing"
)

var cleanups []func()

func TestMain(m *testing.M) {
	ChildMain(os.Args)
	code := m.Run()
	for _, f := range cleanups {
		f()
	}
	os.Exit(code)
}
