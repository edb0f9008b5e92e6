//go:build !(linux && amd64) && !(linux && arm64)

package jail

import "syscall"

func enter(Spec) (string, error) { return "", ErrMissing }

func closeInherited() error { return nil }

func childAttr() *syscall.SysProcAttr { return nil }
