package refuse

import (
	"sort"
	"strings"
)

// The published codes. A code is never reused for another reason.
const (
	TextTooLong      Code = "GUARD_TEXT_TOO_LONG"
	TextEncoding     Code = "GUARD_TEXT_ENCODING"
	TextCharacter    Code = "GUARD_TEXT_CHARACTER"
	Syntax           Code = "GUARD_SYNTAX"
	NotSelect        Code = "GUARD_NOT_SELECT"
	OneStatement     Code = "GUARD_ONE_STATEMENT"
	TooComplex       Code = "GUARD_TOO_COMPLEX"
	UnknownSyntax    Code = "GUARD_UNKNOWN_SYNTAX"
	Star             Code = "GUARD_STAR"
	Parameter        Code = "GUARD_PARAMETER"
	TableFunction    Code = "GUARD_TABLE_FUNCTION"
	ValuesList       Code = "GUARD_VALUES"
	Show             Code = "GUARD_SHOW"
	Pivot            Code = "GUARD_PIVOT"
	Sample           Code = "GUARD_SAMPLE"
	Qualified        Code = "GUARD_QUALIFIED_NAME"
	Recursive        Code = "GUARD_RECURSIVE"
	SetOperation     Code = "GUARD_SET_OPERATION"
	GroupingSets     Code = "GUARD_GROUPING_SETS"
	WindowUse        Code = "GUARD_WINDOW"
	Subquery         Code = "GUARD_SUBQUERY"
	Lambda           Code = "GUARD_LAMBDA"
	Function         Code = "GUARD_FUNCTION"
	RowAggregate     Code = "GUARD_ROW_AGGREGATE"
	Cast             Code = "GUARD_CAST"
	Literal          Code = "GUARD_LITERAL"
	LiteralDomain    Code = "GUARD_LITERAL_DOMAIN"
	InTooLong        Code = "GUARD_IN_TOO_LONG"
	Identifier       Code = "GUARD_IDENTIFIER"
	UnknownTable     Code = "GUARD_UNKNOWN_TABLE"
	UnknownColumn    Code = "GUARD_UNKNOWN_COLUMN"
	Ambiguous        Code = "GUARD_AMBIGUOUS"
	Forbidden        Code = "GUARD_COLUMN_FORBIDDEN"
	UnitUse          Code = "GUARD_UNIT_USE"
	JoinOnlyUse      Code = "GUARD_JOIN_ONLY"
	MeasureUse       Code = "GUARD_MEASURE_USE"
	SensitiveUse     Code = "GUARD_SENSITIVE_USE"
	NotMeasure       Code = "GUARD_NOT_MEASURE"
	Coarsen          Code = "GUARD_COARSEN"
	RowLevel         Code = "GUARD_ROW_LEVEL"
	NotGrouped       Code = "GUARD_NOT_GROUPED"
	NestedAggregate  Code = "GUARD_NESTED_AGGREGATE"
	AggregateUse     Code = "GUARD_AGGREGATE_USE"
	Predicate        Code = "GUARD_PREDICATE"
	KeyExpression    Code = "GUARD_KEY_EXPRESSION"
	Type             Code = "GUARD_TYPE"
	Join             Code = "GUARD_JOIN"
	JoinFanOut       Code = "GUARD_JOIN_FAN_OUT"
	SelfJoin         Code = "GUARD_SELF_JOIN"
	UnitDomain       Code = "GUARD_UNIT_DOMAIN"
	OwnTable         Code = "GUARD_OWN_TABLE"
	NoProtected      Code = "GUARD_NO_PROTECTED_TABLE"
	Limit            Code = "GUARD_LIMIT"
	Order            Code = "GUARD_ORDER"
	CellLimit        Code = "GUARD_CELL_LIMIT"
	Accuracy         Code = "GUARD_ACCURACY"
	Budget           Code = "GUARD_BUDGET"
	Frozen           Code = "GUARD_FROZEN"
	Policy           Code = "GUARD_POLICY"
	SnapshotMismatch Code = "GUARD_SNAPSHOT"
	AllWithheld      Code = "GUARD_ALL_WITHHELD"
	Timeout          Code = "GUARD_TIMEOUT"
	Busy             Code = "GUARD_BUSY"
	EngineFailed     Code = "GUARD_ENGINE"
	JailMissing      Code = "GUARD_JAIL"
	Internal         Code = "GUARD_INTERNAL"
)

// Entry is one row of the published list.
type Entry struct {
	Code    Code
	Clause  string
	Message string
	Hint    string
}

// Clause ids: 6.3.3 = development in the sandbox, primary data never taken out; 6.3.2 = what
// the grant covers; 10.5.1 technical protection; 10.5.2 minimum necessity.
var table = map[Code]Entry{
	TextTooLong:      {Clause: "10.5.1", Message: "查询文本超过 16 KB 上限。", Hint: "请拆分为多个查询，或减少 IN 列表与嵌套。"},
	TextEncoding:     {Clause: "10.5.1", Message: "查询文本不是有效的 UTF-8。", Hint: "请以 UTF-8 编码重新提交。"},
	TextCharacter:    {Clause: "10.5.1", Message: "查询文本含有不允许的控制字符、双向控制字符或零宽字符。", Hint: "请删除不可见字符；全角空格请改为普通空格。"},
	Syntax:           {Clause: "6.3.3", Message: "SQL 语法有误。", Hint: "请检查括号、逗号和关键字的拼写。"},
	NotSelect:        {Clause: "6.3.3", Message: "只接受查询语句（SELECT）。", Hint: "请改写为一条 SELECT 统计查询。"},
	OneStatement:     {Clause: "6.3.3", Message: "一次只接受一条语句。", Hint: "请把每条 SELECT 分开提交。"},
	TooComplex:       {Clause: "10.5.1", Message: "查询的嵌套层数或节点数超过上限。", Hint: "请拆分查询或减少嵌套。"},
	UnknownSyntax:    {Clause: "6.3.3", Message: "查询使用了沙箱不支持的语法。", Hint: "请只使用 SELECT、WHERE、GROUP BY、HAVING、ORDER BY、LIMIT、内/左连接、非递归 WITH 与 UNION ALL。"},
	Star:             {Clause: "6.3.3", Message: "不允许使用星号选取整行。", Hint: "请写出需要的分组列与统计函数，例如 SELECT county, count(*) FROM person GROUP BY county。"},
	Parameter:        {Clause: "6.3.3", Message: "不允许使用参数占位符。", Hint: "请直接写出常量。"},
	TableFunction:    {Clause: "6.3.3", Message: "不允许使用表函数。", Hint: "FROM 之后只能写授权的表名、WITH 中的名称或子查询。"},
	ValuesList:       {Clause: "6.3.3", Message: "不允许使用 VALUES 列表作为表。", Hint: "请把对照数据作为自有数据上传，经审核后连接。"},
	Show:             {Clause: "6.3.3", Message: "不允许使用 SHOW、DESCRIBE、SUMMARIZE。", Hint: "字段说明请看授权数据的结构页面。"},
	Pivot:            {Clause: "6.3.3", Message: "不允许使用 PIVOT 或 UNPIVOT。", Hint: "请用 GROUP BY 或 count(*) FILTER (WHERE …) 改写。"},
	Sample:           {Clause: "6.3.3", Message: "不允许使用抽样子句。", Hint: "请去掉 TABLESAMPLE / USING SAMPLE。"},
	Qualified:        {Clause: "6.3.3", Message: "表名与函数名不能带库名或模式名。", Hint: "请只写表名；函数请按普通写法 f(x) 调用，不要写成 x.f()。"},
	Recursive:        {Clause: "6.3.3", Message: "不允许使用递归查询。", Hint: "请改用普通的 WITH。"},
	SetOperation:     {Clause: "6.3.3", Message: "集合运算只支持 UNION ALL，且两侧都须是统计结果。", Hint: "请改用 UNION ALL，或用 CASE 分组。"},
	GroupingSets:     {Clause: "6.3.3", Message: "不支持 ROLLUP、CUBE、GROUPING SETS。", Hint: "请用 UNION ALL 连接各层次的统计。"},
	WindowUse:        {Clause: "6.3.3", Message: "窗口函数只能用于已统计的结果。", Hint: "请先在 WITH 或子查询中统计，再对结果使用窗口函数。"},
	Subquery:         {Clause: "6.3.3", Message: "此处不支持子查询。", Hint: "子查询只能写在 FROM 中，或写成 主体列 IN (SELECT 主体列 FROM …)。"},
	Lambda:           {Clause: "6.3.3", Message: "不允许使用列表、结构与 lambda 表达式。", Hint: "请改用普通标量表达式。"},
	Function:         {Clause: "6.3.3", Message: "不允许使用该函数。", Hint: "可用函数见沙箱说明：count、sum、avg、var、stddev、median、quantile_cont、floor、round、date_trunc、year、coalesce 等。"},
	RowAggregate:     {Clause: "6.3.3", Message: "该聚合函数会带出单条记录的取值，不允许使用。", Hint: "最大、最小值请改用分位数（如 quantile_cont(x, 0.95)）；取值列表请改用 GROUP BY 计数。"},
	Cast:             {Clause: "6.3.3", Message: "不允许转换为该类型。", Hint: "可转换为整数、DOUBLE、DECIMAL、VARCHAR、DATE、BOOLEAN。"},
	Literal:          {Clause: "6.3.3", Message: "常量的写法或取值不被接受。", Hint: "请使用普通的数字、字符串或 DATE '年-月-日'。"},
	LiteralDomain:    {Clause: "6.3.2", Message: "比较的取值不在该字段公布的取值范围内。", Hint: "请使用公布的代码或取值。"},
	InTooLong:        {Clause: "6.3.3", Message: "IN 列表超过 50 个取值。", Hint: "请改用分组、区间条件，或上传对照表后连接。"},
	Identifier:       {Clause: "6.3.3", Message: "名称过长、为空或含有不允许的字符。", Hint: "列名与别名请用不超过 64 个的文字、数字、下划线。"},
	UnknownTable:     {Clause: "6.3.2", Message: "授权范围内没有该表。", Hint: "请核对表名；未授权的表视为不存在。"},
	UnknownColumn:    {Clause: "6.3.2", Message: "授权范围内没有该字段。", Hint: "请核对字段名；未授权的字段视为不存在。"},
	Ambiguous:        {Clause: "6.3.3", Message: "名称指向不唯一。", Hint: "请加上表别名，或换一个与源字段不同的输出别名。"},
	Forbidden:        {Clause: "10.5.2", Message: "该字段不提供使用。", Hint: "请去掉该字段。"},
	UnitUse:          {Clause: "10.5.2", Message: "主体标识只能用于等值连接和 count(DISTINCT …)。", Hint: "请改用 count(DISTINCT 主体列)，或按主体分组后再统计。"},
	JoinOnlyUse:      {Clause: "10.5.2", Message: "该字段只能用于等值连接。", Hint: "请连接公开的维度表后按其字段分组。"},
	MeasureUse:       {Clause: "10.5.2", Message: "度量字段只能放在有界聚合中，不能用于分组、筛选或直接输出。", Hint: "请使用 sum、avg、median 等聚合；如需按区间分组，请申请把它登记为带步长的维度。"},
	SensitiveUse:     {Clause: "10.5.2", Message: "敏感维度只能用于分组，或在加噪聚合中作等值筛选。", Hint: "请改写为 字段 = '取值' 或 字段 IN (…)，不要取反或比较大小。"},
	NotMeasure:       {Clause: "6.3.3", Message: "该字段没有声明上下界，不能求和、求平均。", Hint: "请使用登记了 lo/hi/grid 的字段。"},
	Coarsen:          {Clause: "10.5.2", Message: "分组细于该字段允许的最小步长。", Hint: "请加大分组区间。"},
	RowLevel:         {Clause: "6.3.3", Message: "不能输出逐条记录，只能输出统计结果。", Hint: "请使用 count、sum、avg 等聚合并配合 GROUP BY。"},
	NotGrouped:       {Clause: "6.3.3", Message: "输出或排序中的字段既不在 GROUP BY 中，也不在聚合函数中。", Hint: "请把它加入 GROUP BY 或放入聚合函数。"},
	NestedAggregate:  {Clause: "6.3.3", Message: "聚合函数不能嵌套，也不能出现在 WHERE 或 GROUP BY 中。", Hint: "请先在 WITH 中统计，再对结果运算。"},
	AggregateUse:     {Clause: "6.3.3", Message: "聚合函数的写法不被支持。", Hint: "请写成 sum(字段)、avg(字段)、count(*)、count(DISTINCT 主体列) 等形式，可加 FILTER (WHERE …)。"},
	Predicate:        {Clause: "6.3.3", Message: "筛选条件只支持“字段 运算符 常量”的与、或、非组合。", Hint: "请把条件拆成单个字段与常量的比较；跨字段运算请先申请派生字段。"},
	KeyExpression:    {Clause: "6.3.3", Message: "该表达式不能作为分组。", Hint: "可按维度字段、floor(字段/步长)*步长、date_trunc、year 或 CASE WHEN 字段 比较 常量 THEN 常量 … END 分组。"},
	Type:             {Clause: "6.3.3", Message: "运算两侧的类型不匹配。", Hint: "请检查数字、文字与日期是否混用。"},
	Join:             {Clause: "6.3.3", Message: "连接只支持按声明的键作等值 INNER / LEFT JOIN。", Hint: "请写成 JOIN 表 ON a.键 = b.键。"},
	JoinFanOut:       {Clause: "10.5.1", Message: "该连接会使同一主体的记录成倍增加，贡献无法设界。", Hint: "请先用 WITH t AS (SELECT 主体列, count(*) AS n FROM … GROUP BY 主体列) 把一侧汇总到每个主体一行，再连接。"},
	SelfJoin:         {Clause: "10.5.1", Message: "不允许受保护表与自身连接。", Hint: "请改用按主体汇总的 WITH 子句。"},
	UnitDomain:       {Clause: "10.5.1", Message: "一个查询只能涉及同一类主体。", Hint: "请把自然人、家庭、法人的统计分开提交。"},
	OwnTable:         {Clause: "6.3.3", Message: "自有上传表只能作为连接的一侧，其记录不计为主体，且每个主体须唯一。", Hint: "请以授权表为主表，用主体列连接自有表。"},
	NoProtected:      {Clause: "6.3.3", Message: "查询没有用到任何授权的数据表。", Hint: "请在 FROM 中写授权的表名。"},
	Limit:            {Clause: "6.3.3", Message: "LIMIT / OFFSET 只接受非负整数常量。", Hint: "例如 LIMIT 20。"},
	Order:            {Clause: "6.3.3", Message: "ORDER BY 只能使用输出列、分组列或聚合结果。", Hint: "请按输出列的名称或序号排序。"},
	CellLimit:        {Clause: "6.3.3", Message: "结果单元格超过 5,000 个上限。", Hint: "请减少分组维度、加大分组区间，或加 LIMIT。"},
	Accuracy:         {Clause: "10.5.1", Message: "精度参数不在允许范围内。", Hint: "请给出正的标准差，或不超过剩余预算的隐私额度。"},
	Budget:           {Clause: "10.5.1", Message: "隐私预算不足，查询未执行。", Hint: "请降低精度、减少聚合数，或等待额度更新；先用试算查看价格。"},
	Frozen:           {Clause: "10.5.1", Message: "因多次执行失败，本项目的查询已冻结。", Hint: "请联系运营机构核查后解冻。"},
	Policy:           {Clause: "6.3.2", Message: "授权策略文件不正确。", Hint: "请按策略文件的结构说明修改。"},
	SnapshotMismatch: {Clause: "6.3.2", Message: "数据快照与授权策略不一致。", Hint: "请由运营机构按现行策略重建快照。"},
	AllWithheld:      {Clause: "10.5.1", Message: "没有达到发布门槛的结果，全部不予显示。", Hint: "请加大分组区间或放宽筛选条件。"},
	Timeout:          {Clause: "10.5.1", Message: "查询超时，已停止；预算已扣减。", Hint: "请缩小范围或减少分组。"},
	Busy:             {Clause: "10.5.1", Message: "系统繁忙，查询未执行，预算未扣减。", Hint: "请稍后重试。"},
	EngineFailed:     {Clause: "10.5.1", Message: "查询执行失败；预算已扣减。", Hint: "请稍后重试或联系运营机构，并提供查询编号。"},
	JailMissing:      {Clause: "10.5.1", Message: "本机不具备隔离运行条件，受控查询已停用。", Hint: "请由系统管理员在支持 Landlock 与 seccomp 的内核上运行。"},
	Internal:         {Clause: "10.5.1", Message: "受控查询内部错误，查询未执行。", Hint: "请联系运营机构，并提供查询编号。"},
}

// All returns the published list sorted by code.
func All() []Entry {
	out := make([]Entry, 0, len(table))
	for c, e := range table {
		e.Code = c
		out = append(out, e)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Code < out[j].Code })
	return out
}

// Markdown renders the list for the documents; testdata/guard/codes.md is its golden text.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| 代码 | 条款 | 说明 | 改写建议 |\n|---|---|---|---|\n")
	for _, e := range All() {
		b.WriteString("| `" + string(e.Code) + "` | " + e.Clause + " | " + e.Message + " | " + strings.ReplaceAll(e.Hint, "|", "\\|") + " |\n")
	}
	return b.String()
}
