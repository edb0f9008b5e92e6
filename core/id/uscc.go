package id

import "strings"

// USCC is a unified social credit code (统一社会信用代码, GB 32100-2015), 18 characters in upper case. It names an
// organisation and is public. Trust one only if it came from ParseUSCC or MakeUSCC.
type USCC string

// The 31 characters of the code; I, O, S, V and Z are left out because they are misread.
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

var (
	usccWeights = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}
	orgWeights  = [8]int{3, 7, 9, 10, 5, 8, 4, 2}
)

// ParseUSCC checks the alphabet, the division code's digits and both check characters: the 17th (that of the
// organisation code inside, GB 11714) and the 18th. Lower-case letters are taken for upper case.
//
// The error is always one of the ErrUSCC values.
func ParseUSCC(s string) (USCC, error) {
	if len(s) != 18 {
		return "", ErrUSCCShape
	}
	s = upper(s)
	for i := range len(s) {
		if strings.IndexByte(usccAlphabet, s[i]) < 0 {
			return "", ErrUSCCShape
		}
	}
	if _, ok := digits(s[2:8], 6); !ok {
		return "", ErrUSCCDivision
	}
	if s[16] != orgCheck(s[8:16]) {
		return "", ErrUSCCOrg
	}
	if s[17] != usccCheck(s[:17]) {
		return "", ErrUSCCCheck
	}
	return USCC(s), nil
}

// MakeUSCC makes a code with both check characters for synthetic organisations: an authority and a type of body (one
// character each), the six digits of a division, and the eight characters of an organisation code without its check.
// It fails where ParseUSCC would.
func MakeUSCC(authority, body byte, division, org string) (USCC, error) {
	if len(division) != 6 || len(org) != 8 {
		return "", ErrUSCCShape
	}
	s := upper(string([]byte{authority, body}) + division + org)
	for i := range len(s) {
		if strings.IndexByte(usccAlphabet, s[i]) < 0 {
			return "", ErrUSCCShape
		}
	}
	s += string(orgCheck(s[8:]))
	s += string(usccCheck(s))
	return ParseUSCC(s)
}

// orgCheck is the check character of GB 11714 over eight characters of the alphabet.
func orgCheck(org string) byte {
	sum := 0
	for i, w := range orgWeights {
		v := int(org[i] - '0')
		if org[i] >= 'A' {
			v = int(org[i]-'A') + 10
		}
		sum += v * w
	}
	switch c := 11 - sum%11; c {
	case 10:
		return 'X'
	case 11:
		return '0'
	default:
		return byte('0' + c)
	}
}

// usccCheck is the check character of GB 32100 over 17 characters of the alphabet.
func usccCheck(s string) byte {
	sum := 0
	for i, w := range usccWeights {
		sum += strings.IndexByte(usccAlphabet, s[i]) * w
	}
	return usccAlphabet[(31-sum%31)%31]
}

// RegisteredBy names the authority that registered the body by the first character, "" for one not known here. New
// authorities have been added over the years, so an unknown one is no reason to refuse a code.
func (u USCC) RegisteredBy() string {
	if u == "" {
		return ""
	}
	return map[byte]string{
		'1': "机构编制", '2': "外交", '3': "司法行政", '4': "文化", '5': "民政", '6': "旅游", '7': "宗教", '8': "工会",
		'9': "市场监督管理", 'A': "中央军委改革和编制办公室", 'N': "农业", 'Y': "其他",
	}[u[0]]
}

// Division is the six-digit division code of the registering authority, possibly abolished since; "" if u is no code.
func (u USCC) Division() string {
	if len(u) != 18 {
		return ""
	}
	return string(u[2:8])
}

// OrgCode is the nine-character organisation code inside (组织机构代码), "" if u is no code.
func (u USCC) OrgCode() string {
	if len(u) != 18 {
		return ""
	}
	return string(u[8:17])
}

// Masked hides the organisation code but for its last place, for lists in which the body is not to be named.
func (u USCC) Masked() string {
	if len(u) != 18 {
		return ""
	}
	return mask(string(u), 8, 2)
}
