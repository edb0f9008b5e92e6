package guard

import (
	"pado/domain/sandbox/guard/duck"
	"pado/domain/sandbox/guard/jail"
)

// ChildMain must be the first call of main, and of TestMain in every package whose tests run
// questions: it gets os.Args, and when the process was started as a guarded child it does the
// child's work and never returns. In any other process it returns at once.
func ChildMain(args []string) { jail.Main(args, duck.Roles()) }
