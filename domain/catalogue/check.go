package catalogue

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"pado/core/procedure"
)

var (
	classShape = regexp.MustCompile(`^[1-9]\d{5,11}$`)
	nameShape  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,62}$`)
)

// Problems lists everything within an item that does not agree, each at its form field, with a
// sentence that says what to do and the clause. An empty list means that the item is consistent.
func Problems(it Item) []procedure.FieldError {
	var out []procedure.FieldError
	bad := func(path, clause, format string, args ...any) {
		out = append(out, procedure.FieldError{Path: path, Message: fmt.Sprintf(format, args...), Clause: clause})
	}
	if !classShape.MatchString(it.ClassCode) {
		bad("classCode", "7.2b", "资源分类代码应为6至12位数字：类1位、项2位、目3位，细目若干位")
	}
	formats(it, bad)
	sharing(it, bad)
	fields(it, bad)
	grading(it, bad)
	authorising(it, bad)
	return out
}

type report = func(path, clause, format string, args ...any)

func formats(it Item, bad report) {
	if !has(formatTypes[it.FormatClass], it.FormatType) {
		bad("formatType", "7.2b", "格式类型“%s”不属于格式分类“%s”，请改选一致的分类或类型", it.FormatType, label(FormatClasses, it.FormatClass))
	}
	if it.ShareType != "3" && it.ShareMode != "none" && !has(shareModesOf[it.FormatClass], it.ShareMode) {
		bad("shareMode", "7.2b", "“%s”格式的资源不能以“%s”方式共享", label(FormatClasses, it.FormatClass), label(ShareModes, it.ShareMode))
	}
}

func sharing(it Item, bad report) {
	switch {
	case it.ShareType == "2" && it.ShareCondition == "":
		bad("shareCondition", "7.2b", "有条件共享的，须写明共享条件")
	case it.ShareType == "3" && it.ShareCondition == "":
		bad("shareCondition", "7.2b", "不予共享的，须写明法律、行政法规或者党中央、国务院政策依据")
	}
	if (it.ShareType == "3") != (it.ShareMode == "none") {
		bad("shareMode", "7.2b", "共享类型为“%s”时，共享方式不能为“%s”", label(ShareTypes, it.ShareType), label(ShareModes, it.ShareMode))
	}
	if it.OpenType == "conditional" && it.OpenCondition == "" {
		bad("openCondition", "7.2b", "有条件开放的，须写明开放条件")
	}
	if it.OpenType == "free" && it.ShareType == "3" {
		bad("openType", "7.2b", "不予共享的资源不能无条件向社会开放")
	}
}

// fields checks the information items: names, lengths, and what a flag on one asks of others.
func fields(it Item, bad report) {
	if len(it.Fields) == 0 {
		bad("fields", "7.1", "至少填写一个信息项")
	}
	names, labels := map[string]int{}, map[string]int{}
	for i, f := range it.Fields {
		at := func(name string) string { return fmt.Sprintf("fields.%d.%s", i, name) }
		row := i + 1
		if !nameShape.MatchString(f.Name) {
			bad(at("name"), "7.2b", "第%d个信息项的英文名应以字母开头，只含字母、数字和下划线", row)
		}
		if n, twice := names[strings.ToLower(f.Name)]; twice {
			bad(at("name"), "7.2b", "第%d个信息项的英文名与第%d个相同", row, n)
		}
		if n, twice := labels[f.Label]; twice {
			bad(at("label"), "7.2b", "第%d个信息项的名称与第%d个相同", row, n)
		}
		names[strings.ToLower(f.Name)], labels[f.Label] = row, row
		if (f.Type == "C" || f.Type == "N") && f.Length <= 0 {
			bad(at("length"), "7.2b", "第%d个信息项为字符型或数值型，须填写长度", row)
		}
		if f.Sensitive && !f.Personal {
			bad(at("sensitive"), "10.5.2", "第%d个信息项标为敏感个人信息，须同时标为个人信息", row)
		}
		if f.IsKey && f.Nullable {
			bad(at("nullable"), "7.2b", "第%d个信息项为主键，不能允许为空", row)
		}
		if f.Open && (it.OpenType == "none") {
			bad(at("open"), "7.2b", "资源不向社会开放，第%d个信息项不能标为开放", row)
		}
		if f.Open && f.Personal {
			bad(at("open"), "10.5.2", "第%d个信息项为个人信息，不能标为向社会开放", row)
		}
		if f.Shared && it.ShareType == "3" {
			bad(at("shared"), "7.2b", "资源不予共享，第%d个信息项不能标为共享", row)
		}
		if f.Authorisable && it.Authorisable == AuthoriseNo {
			bad(at("authorisable"), "9.1", "资源不授权运营，第%d个信息项不能标为可授权", row)
		}
	}
}

func grading(it Item, bad report) {
	if it.Grade == GradeGeneral && (it.Sublevel < 1 || it.Sublevel > 4) {
		bad("sublevel", "7.2b", "一般数据须确定1至4级的细分级别（4级最敏感）")
	}
	if it.Grade != GradeGeneral && it.Sublevel != 0 {
		bad("sublevel", "7.2b", "细分级别只用于一般数据")
	}
	if it.Impact == "" || it.Degree == "" {
		return
	}
	downgraded(it, bad)
	if it.Grade != GradeGeneral || it.Sublevel == 0 {
		return
	}
	if least := SublevelFor(it.Degree); (it.Impact == "organisation" || it.Impact == "individual") && it.Sublevel < least && it.DowngradeDoc == "" {
		bad("sublevel", "7.2b", "对组织或个人造成“%s”的，细分级别不低于%d级；经去标识化或聚合评估降级的，请填写降级评估文号和理由", label(Degrees, it.Degree), least)
	}
	if (it.Personal || anyField(it, func(f Field) bool { return f.Personal })) && it.Sublevel == 1 {
		bad("sublevel", "10.5.2", "含个人信息的资源不能定为1级（公开无危害）")
	}
	if anyField(it, func(f Field) bool { return f.Sensitive }) && it.Sublevel < 3 {
		bad("sublevel", "10.5.2", "含敏感个人信息的资源，细分级别不低于3级")
	}
}

// downgraded holds the grade to the matrix of GB/T 43697. Less than the matrix asks for takes the
// evaluation of de-identification or aggregation it rests on, by its number and reason: one grade at
// most, never from core data, and then general data of the most sensitive level.
func downgraded(it Item, bad report) {
	least := GradeFor(it.Impact, it.Degree)
	lower := gradeRank[it.Grade] < gradeRank[least] ||
		it.Grade == GradeGeneral && (it.Impact == "organisation" || it.Impact == "individual") && it.Sublevel < SublevelFor(it.Degree)
	switch {
	case gradeRank[it.Grade] < gradeRank[least] && least == GradeCore:
		bad("grade", "7.2b", "危害“%s”达到“%s”的，应定为核心数据，不得降级", label(Impacts, it.Impact), label(Degrees, it.Degree))
	case gradeRank[it.Grade] < gradeRank[least] && it.DowngradeDoc == "":
		bad("grade", "7.2b", "危害“%s”达到“%s”的，应定为%s，就高从严；经去标识化或聚合评估降级的，请填写降级评估文号和理由",
			label(Impacts, it.Impact), label(Degrees, it.Degree), label(Grades, least))
	case gradeRank[it.Grade] < gradeRank[least] && it.Sublevel != 4:
		bad("sublevel", "7.2b", "由%s降为一般数据的，细分级别定为4级", label(Grades, least))
	}
	if lower && it.DowngradeDoc != "" && it.DowngradeReason == "" {
		bad("downgradeReason", "7.2b", "请写明降级理由：所依据的去标识化或聚合处理，以及评估结论")
	}
	if !lower && (it.DowngradeDoc != "" || it.DowngradeReason != "") {
		bad("downgradeDoc", "7.2b", "所定级别不低于分级矩阵的结果，不需要降级依据，请删去")
	}
}

func anyField(it Item, is func(Field) bool) bool {
	for _, f := range it.Fields {
		if is(f) {
			return true
		}
	}
	return false
}

func authorising(it Item, bad report) {
	if it.SourceRelation == SharedIn && it.SourceOrigin == "" {
		bad("sourceOrigin", "7.1", "共享获得的数据，须写明提供共享的单位")
	}
	if it.Authorisable == AuthoriseNo {
		return
	}
	if it.AuthoriseBasis == "" {
		bad("authoriseBasis", "7.1", "可授权或有条件授权的，须写明授权依据")
	}
	if it.Authorisable == AuthoriseSome && it.AuthoriseCondition == "" {
		bad("authoriseCondition", "9.1", "有条件授权的，须写明授权条件")
	}
	if it.SourceRelation == SharedIn && it.ConsentDoc == "" {
		bad("consentDoc", "7.1", "共享获得的数据未经提供单位同意不得授权运营，请填写同意文件文号并上传文件，或将授权属性改为“不授权”")
	}
	if Utility(it.SourceKind) && it.LegalBasis == "" {
		bad("legalBasis", "7.1", "公共服务企业的数据须有法律依据或委托文件方可授权运营，请填写，或将授权属性改为“不授权”")
	}
	if len(it.Fields) > 0 && !anyField(it, func(f Field) bool { return f.Authorisable }) {
		bad("fields", "9.1", "资源可授权运营，但没有一个信息项标为可授权")
	}
	if utf8.RuneCountInString(it.AuthoriseBasis) > 500 {
		bad("authoriseBasis", "7.1", "授权依据最多500字")
	}
}

// WhyNotAuthorised says, in one sentence, why an item cannot be entered in an authorised
// catalogue (clauses 7.1, 9.1); empty when it can. important is the parameter
// catalogue.authorise_important.
func WhyNotAuthorised(it Item, important bool) string {
	switch {
	case it.State != StatePublished:
		return fmt.Sprintf("目录项“%s”已撤销，不能授权运营", it.Title)
	case it.Authorisable == AuthoriseNo:
		return fmt.Sprintf("目录项“%s”的授权属性为“不授权”", it.Title)
	case it.Grade != GradeGeneral && !important:
		return fmt.Sprintf("目录项“%s”为%s，缺省不得授权运营", it.Title, label(Grades, it.Grade))
	case it.SourceRelation == SharedIn && it.ConsentDoc == "":
		return fmt.Sprintf("目录项“%s”为共享获得的数据，没有提供单位的同意文件", it.Title)
	case Utility(it.SourceKind) && it.LegalBasis == "":
		return fmt.Sprintf("目录项“%s”由公共服务企业提供，没有登记法律依据或委托文件", it.Title)
	}
	return ""
}
