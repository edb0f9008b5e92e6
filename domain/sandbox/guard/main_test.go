package guard

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	ChildMain(os.Args)
	os.Exit(m.Run())
}
