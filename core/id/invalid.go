// Package id reads, checks and makes the numbers and codes by which people, organisations, places, trades and cases
// are named: identity cards, unified social credit codes, mobile numbers, division and industry codes, opaque ids and
// case numbers. It looks nothing up outside itself.
package id

import "strings"

// Invalid says why a number or code was refused. Neither Code nor Message ever holds the refused value: what is
// refused is often somebody's real number with one slip in it, and error messages leave the guarded area.
type Invalid struct {
	Code    string // stable, for programs: "IDCARD_CHECK"
	Message string // a Chinese sentence for people
}

// Error is the code and the sentence.
func (e *Invalid) Error() string { return e.Code + ": " + e.Message }

// The reasons there are. They are compared with errors.Is by identity.
var (
	ErrIDCardFifteen = &Invalid{"IDCARD_FIFTEEN", "15位身份证号码已停止使用，请填写18位公民身份号码。"}
	ErrIDCardShape   = &Invalid{"IDCARD_SHAPE", "身份号码应为18位：前17位为数字，最后一位为数字或X。"}
	ErrIDCardBirth   = &Invalid{"IDCARD_BIRTH", "身份号码中的出生日期不存在。"}
	ErrIDCardCheck   = &Invalid{"IDCARD_CHECK", "身份号码的校验码不正确，请核对是否有误填。"}

	ErrUSCCShape    = &Invalid{"USCC_SHAPE", "统一社会信用代码应为18位，由数字和大写字母组成，不含I、O、S、V、Z。"}
	ErrUSCCDivision = &Invalid{"USCC_DIVISION", "统一社会信用代码第3至8位应为登记机关行政区划码（数字）。"}
	ErrUSCCOrg      = &Invalid{"USCC_ORG_CHECK", "统一社会信用代码中组织机构代码的校验码（第17位）不正确。"}
	ErrUSCCCheck    = &Invalid{"USCC_CHECK", "统一社会信用代码的校验码（第18位）不正确，请核对是否有误填。"}

	ErrMobile   = &Invalid{"MOBILE_SHAPE", "手机号码应为11位中国大陆手机号码。"}
	ErrIndustry = &Invalid{"INDUSTRY_SHAPE", "行业代码应为国民经济行业分类代码：门类字母A至T，或2至4位数字。"}

	ErrCaseNoShape = &Invalid{"CASENO_SHAPE", "编号格式不正确，应形如 XQ-2026-000123-7。"}
	ErrCaseNoCheck = &Invalid{"CASENO_CHECK", "编号的校验位不正确，请核对是否有误填。"}
)

// digits reads the first n bytes of s as decimal digits, or reports that they are not.
func digits(s string, n int) ([]int, bool) {
	if len(s) < n {
		return nil, false
	}
	values := make([]int, n)
	for i := range n {
		if s[i] < '0' || s[i] > '9' {
			return nil, false
		}
		values[i] = int(s[i] - '0')
	}
	return values, true
}

// upper raises ASCII letters only, byte by byte: no other character may turn into one of a code.
func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// mask keeps the first and last characters and puts a star for each between.
func mask(s string, first, last int) string {
	return s[:first] + strings.Repeat("*", len(s)-first-last) + s[len(s)-last:]
}
