package main

import (
	"os"

	"pado/domain/sandbox/guard"
)

// child turns this process into a jailed child of the guarded query path when it was started
// as one, and then never returns. It must be the first call of main: a child may open nothing
// that the platform opens.
func child() { guard.ChildMain(os.Args) }
