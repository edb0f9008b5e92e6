//go:build !(linux && amd64) && !(linux && arm64)

package jail

import "syscall"

func enter(Spec) (string, error) { return "", ErrMissing }

func childAttr() *syscall.SysProcAttr { return nil }
