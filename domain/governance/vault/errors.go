package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// Error is what the vault tells a caller: a stable code, the clause the duty
// comes from and a sentence that may be shown. It never carries a path, a key
// or a byte of the content. Compare with errors.Is against the sentinels.
type Error struct {
	Code    string // stable, for programs
	Clause  string // clause of the plan the duty stems from
	Message string // Chinese, may be shown to a user
	cause   error
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap gives the operating system's errno, if there was one.
func (e *Error) Unwrap() error { return e.cause }

// Is makes two errors equal when their codes are.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

func fault(code, clause, message string) *Error {
	return &Error{Code: code, Clause: clause, Message: message}
}

// The vault's errors, told apart by what to do next.
var (
	// ErrTruncated: the file ends before its last block; deliver it again.
	ErrTruncated = fault("VAULT_TRUNCATED", "10.5.1", "原始文件不完整（密文被截断），请由数源部门重新报送")
	// ErrTampered: a block or the envelope does not authenticate; stop and investigate.
	ErrTampered = fault("VAULT_TAMPERED", "10.5.1", "原始文件未通过完整性校验，已停止读取，请安全管理员核查")
	// ErrWrongKey: no key at hand opens the envelope.
	ErrWrongKey = fault("VAULT_WRONG_KEY", "10.5.1", "没有可以打开该文件的主密钥，请核对密钥配置")
	// ErrDiskFull: nothing was committed; free space and try again.
	ErrDiskFull = fault("VAULT_DISK_FULL", "10.5.1", "存储空间不足，文件未入库，请扩容后重试")
	// ErrNotFound: no such object, or not yet committed.
	ErrNotFound = fault("VAULT_NOT_FOUND", "6.2.2", "没有该原始文件")
	// ErrExists: the id is taken; raw files are never overwritten.
	ErrExists = fault("VAULT_EXISTS", "6.2.2", "该编号的原始文件已存在，原始文件不得覆盖")
	// ErrDestroyed: the object was destroyed and its id is spent.
	ErrDestroyed = fault("VAULT_DESTROYED", "10.5.1", "该原始文件已销毁")
	// ErrBadID: an id is 1 to 128 of a-z 0-9 . _ - and starts with a letter or digit.
	ErrBadID = fault("VAULT_BAD_ID", "6.2.2", "原始文件编号不合规则")
	// ErrBadKey: a key-encryption key has exactly 32 bytes.
	ErrBadKey = fault("VAULT_BAD_KEY", "10.5.1", "主密钥长度不正确，应为 32 字节")
	// ErrBusy: somebody else is writing this object.
	ErrBusy = fault("VAULT_BUSY", "6.2.2", "该原始文件正在写入，请稍后再试")
	// ErrIO: the medium failed in another way; the errno is wrapped.
	ErrIO = fault("VAULT_IO", "10.5.1", "存储读写失败，请系统管理员检查存储")
	// ErrClosed: the writer was already committed or aborted.
	ErrClosed = fault("VAULT_CLOSED", "6.2.2", "写入已结束")
)

// ioError turns an error of the file system into one of ours; only the errno
// is kept, because a PathError would carry the path.
func ioError(err error) error {
	if err == nil {
		return nil
	}
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		switch errno {
		case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG:
			return with(ErrDiskFull, errno)
		case syscall.ENOENT:
			return with(ErrNotFound, errno)
		}
		return with(ErrIO, errno)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	return with(ErrIO, fmt.Errorf("%T", err))
}

func with(e *Error, cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}
