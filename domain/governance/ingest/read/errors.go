package read

// Error says why a file cannot be read at all. The message may be shown; it
// holds no path and no value of the file.
type Error struct {
	Code    string
	Clause  string
	Message string
	cause   error
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap gives an errno or a context error, never a parser's text.
func (e *Error) Unwrap() error { return e.cause }

// Is compares codes.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

func fault(code, message string) *Error { return &Error{Code: code, Clause: "6.2.2", Message: message} }

func with(e *Error, cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// What can be wrong with a whole file.
var (
	ErrEncoding  = fault("INGEST_ENCODING", "无法确定文件的字符编码，或实际编码与声明不符（支持 UTF-8、GB18030、UTF-16）")
	ErrTruncated = fault("INGEST_TRUNCATED", "文件不完整，请重新导出后报送")
	ErrFormat    = fault("INGEST_FORMAT", "文件格式无法识别（支持 CSV、TSV、XLSX、XLS、Parquet、JSON Lines，以及其中一种的 ZIP 包）")
	ErrSheet     = fault("INGEST_SHEET", "工作簿中没有声明的工作表")
	ErrTooBig    = fault("INGEST_TOO_BIG", "文件超出允许的大小或展开后过大，已拒绝读取")
	ErrEncrypted = fault("INGEST_ENCRYPTED", "文件设有打开密码，请去除密码后报送")
	ErrEmpty     = fault("INGEST_EMPTY", "文件没有内容")
	ErrZipName   = fault("INGEST_ZIP_NAME", "压缩包内的文件名不合规则（含上级目录、绝对路径、控制字符、链接或重名），已拒绝读取")
	ErrEntry     = fault("INGEST_ZIP_ENTRY", "压缩包内没有声明的文件，或有多个文件符合，请指明其中一个")
	ErrRead      = fault("INGEST_READ", "读取原始文件失败")
)
