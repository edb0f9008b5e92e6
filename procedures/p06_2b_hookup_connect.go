package procedures

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/agreement"
	"pado/domain/catalogue"
	"pado/domain/governance"
	"pado/domain/governance/connector"
	"pado/domain/party"
	"pado/plan"
)

// SealCredentials seals what sources enter for their connections; the command that holds the key
// sets it before the port opens.
var SealCredentials governance.Seal

type credentialInput struct {
	User     string `json:"user"`
	Password string `json:"password"`
	Key      string `json:"key"`
}

// connectionFields are asked for according to the kind; none of them is a secret.
func connectionFields() []procedure.Field {
	c := plan.C("6.2.2")
	show := func(kinds ...string) *procedure.When { return &procedure.When{Field: "kind", In: kinds} }
	tables, files := []string{connector.PostgreSQL, connector.MySQL}, []string{connector.Folder, connector.SFTP}
	f := func(name, label, kind string, max int, help string, kinds ...string) procedure.Field {
		return procedure.Field{Name: name, Label: label, Kind: kind, Max: max, Plan: c, Section: "连接", Help: help, Show: show(kinds...)}
	}
	with := func(x procedure.Field, options ...procedure.Option) procedure.Field { x.Options = options; return x }
	return []procedure.Field{
		f("address", "地址", procedure.Text, 200, "主机:端口，如 10.1.2.3:5432；须在平台的外联白名单内", connector.PostgreSQL, connector.MySQL, connector.SFTP),
		with(f("tls", "传输加密", procedure.Choice, 0, "选“必须”时服务器证书须受信任", tables...), procedure.Option{Value: "offered", Label: "对方支持时加密"}, procedure.Option{Value: "required", Label: "必须加密并核验证书"}),
		f("database", "数据库名", procedure.Text, 63, "", tables...),
		f("schema", "模式名", procedure.Text, 63, "不填为 public", connector.PostgreSQL),
		f("table", "表名或视图名", procedure.Text, 63, "", tables...),
		f("columns", "要取的列", procedure.LongText, 8000, "逐一列出，用逗号或换行分开；平台只取这些列，不执行自定义语句", tables...),
		with(f("mode", "取数方式", procedure.Choice, 0, "", tables...), procedure.Option{Value: connector.Full, Label: "每次全量"}, procedure.Option{Value: connector.Incremental, Label: "按递增列增量"}),
		{Name: "watermark", Label: "递增列", Kind: procedure.Text, Max: 63, Plan: c, Section: "连接", Help: "更新时间或自增编号；修改旧行而不更新该列的表请用全量", Show: &procedure.When{Field: "mode", In: []string{connector.Incremental}}},
		f("path", "目录", procedure.Text, 200, "前置目录：数源部门的单位编号或统一社会信用代码下的相对路径；SFTP：绝对路径", files...),
		f("pattern", "文件名规则", procedure.Text, 120, "如 renkou_*.csv", files...),
		with(f("ready", "怎样算写完", procedure.Choice, 0, "", files...), procedure.Option{Value: connector.Marker, Label: "同目录有“文件名.ok”"}, procedure.Option{Value: connector.Stable, Label: "一分钟内没有变化"}),
		f("hostKey", "主机密钥指纹", procedure.Text, 60, "SHA256:… 由数源部门的系统管理员提供", connector.SFTP),
	}
}

// spec is the connection that a form declares.
func (f hookupForm) spec() connector.Spec {
	s := connector.Spec{Kind: f.Kind, Address: f.Address, Database: f.Database, Schema: f.Schema, Table: f.Table, Mode: f.Mode, Watermark: f.Watermark, Path: f.Path, Pattern: f.Pattern, Ready: f.Ready, HostKey: f.HostKey}
	if s.Mode != connector.Incremental || !connector.Database(f.Kind) {
		s.Watermark = ""
	}
	if f.TLS == "required" {
		s.TLS = f.TLS
	}
	if connector.Database(f.Kind) {
		s.Columns = strings.FieldsFunc(f.Columns, func(r rune) bool { return strings.ContainsRune(",，、 \n\r\t", r) })
	}
	return s
}

// connectionSteps are what kinds other than the upload of a file need.
func connectionSteps(ready procedure.Rules) []procedure.Step {
	c := plan.C("6.2.2")
	account := []procedure.Field{{Name: "user", Label: "账号", Kind: procedure.Text, Max: 100, Required: true, Plan: c}, {Name: "password", Label: "口令", Kind: procedure.Text, Max: 200, Plan: c, Secret: true, Help: "录入后封存，任何人不能再看到"},
		{Name: "key", Label: "私钥（仅 SFTP）", Kind: procedure.LongText, Max: 8000, Plan: c, Secret: true, Help: "OpenSSH 或 PEM 格式，未加口令"}}
	credential := func(from string) procedure.Step {
		return procedure.Step{Do: "credential", Label: "录入连接凭据", By: party.Source, From: procedure.S(from), To: from, Plan: plan.C("10.5.1"), Input: account, Require: procedure.Rules{hookupHasAccount, hookupSecret}, Then: procedure.Effects{sealCredential}}
	}
	return []procedure.Step{
		credential("connecting"), credential("running"),
		{Do: "probe", Label: "测试连接", By: party.Operator, From: procedure.S("connecting"), To: "connecting", Plan: c, Edits: true, Require: procedure.Rules{hookupSameItem, hookupFetched, hookupConnection}, Then: procedure.Effects{probeConnection}},
		{Do: "probe", Label: "测试连接", By: party.Operator, From: procedure.S("running"), To: "running", Plan: c, Require: procedure.Rules{hookupFetched}, Then: procedure.Effects{probeConnection}},
		{Do: "connect_auto", Label: "完成对接，开始自动供给", By: party.Operator, From: procedure.S("connecting"), To: "running", Plan: c, Edits: true, Style: procedure.Primary,
			Require: append(procedure.Rules{hookupAutomatic, hookupSameItem, hookupPipeline, hookupReading, hookupFields, hookupConnection, hookupProbed}, ready...), Then: procedure.Effects{connectHookup}},
		{Do: "fetch", Label: "立即取数", By: party.Operator, From: procedure.S("running"), To: "running", Plan: c, Require: procedure.Rules{hookupFetched, hookupItem, hookupAuthorised}, Then: procedure.Effects{fetchNow}},
		{Do: "reject_auto", Label: "不予入池，等待下一次供给", By: party.Operator, From: procedure.S("ingesting"), To: "running", Plan: c, Opinion: true, Require: procedure.Rules{hookupAutomatic, hookupSettled}, Then: procedure.Effects{decideVersion(false)}},
	}
}

var hookupKind = hookupRule("hookup.kind", "所选的接入方式尚未验证，暂不支持，请选择其他方式", "6.2.2", func(_ *procedure.Ctx, f hookupForm) error {
	return procedure.Hold(governance.Supported(f.Kind), nil)
})

var hookupByHand = hookupRule("hookup.automatic", "该接入由程序推送或平台取数，请办理“完成对接，开始自动供给”或“不予入池，等待下一次供给”", "6.2.2", func(_ *procedure.Ctx, f hookupForm) error {
	return procedure.Hold(f.Kind == "upload", nil)
})

var hookupAutomatic = hookupRule("hookup.by_hand", "该接入以文件上传的方式报送，不适用自动供给", "6.2.2", func(_ *procedure.Ctx, f hookupForm) error {
	return procedure.Hold(f.Kind != "upload" && governance.Supported(f.Kind), nil)
})

var hookupFetched = hookupRule("hookup.not_fetched", "该接入不由平台取数", "6.2.2", func(_ *procedure.Ctx, f hookupForm) error {
	return procedure.Hold(connector.Fetched(f.Kind), nil)
})

var hookupHasAccount = hookupRule("hookup.no_account", "该接入方式不需要连接凭据", "6.2.2", func(_ *procedure.Ctx, f hookupForm) error {
	return procedure.Hold(f.Kind == connector.SFTP || connector.Database(f.Kind), nil)
})

var hookupSecret = procedure.Rule{Code: "hookup.secret", Say: "请填写口令；SFTP 也可以填写私钥", Plan: plan.C("10.5.1"), Holds: func(c *procedure.Ctx) error {
	in, err := procedure.Input[credentialInput](c)
	return procedure.Hold(in.Password != "" || in.Key != "", err)
}}

// hookupConnection answers with what is missing in the declared connection, at its field.
var hookupConnection = hookupRule("hookup.connection", "连接的登记不完整", "6.2.2", func(c *procedure.Ctx, f hookupForm) error {
	if !connector.Fetched(f.Kind) {
		return nil
	}
	err := f.spec().Check()
	if err == nil && f.Kind == connector.Folder {
		err = folderOfSource(c, f.Path)
	}
	var bad *connector.Error
	if errors.As(err, &bad) {
		return &procedure.Invalid{Errors: []procedure.FieldError{{Path: bad.Field, Message: bad.Message, Clause: "6.2.2"}}}
	}
	return err
})

// folderOfSource holds an exchange folder to its department: no account guards it, so below the root
// it begins with the organisation's own number or its USCC.
func folderOfSource(c *procedure.Ctx, path string) error {
	org, err := hookupSource(c)
	if err != nil {
		return err
	}
	if first, _, _ := strings.Cut(path, "/"); org != "" {
		own, err := c.Exists(`SELECT 1 FROM org WHERE id = $1 AND (id = $2 OR uscc = $2)`, org, first)
		if err != nil || own {
			return err
		}
	}
	return &connector.Error{Code: "connect.spec", Field: "path", Message: "前置目录应在数源部门自己的目录下，以其单位编号或统一社会信用代码开头，如 " + org + "/out"}
}

// hookupProbed: nothing is connected that was not reached once, as declared and with the account
// that is sealed.
var hookupProbed = hookupRule("hookup.probed", "请先测试连接，测试成功后再完成对接", "6.2.2", func(c *procedure.Ctx, f hookupForm) error {
	if !connector.Fetched(f.Kind) {
		return nil
	}
	p, err := governance.ProbeOf(c.ReadTx, c.Case.No)
	if errors.Is(err, store.ErrNotFound) {
		return procedure.ErrFails
	}
	if err != nil {
		return err
	}
	switch {
	case p.Digest != f.spec().Digest():
		return procedure.Refuse("", plan.C("6.2.2"), "连接的登记在测试之后改动过，请重新测试连接")
	case !p.Ok:
		return procedure.Refuse("", plan.C("6.2.2"), "最近一次测试没有成功：%s", p.Say)
	}
	return nil
})

// hookupWay: a delivery comes the way that was agreed, and by whom.
var hookupWay = hookupRule("hookup.way", "该接入不以文件上传的方式报送", "7.2", func(c *procedure.Ctx, f hookupForm) error {
	in, err := procedure.Input[deliverInput](c)
	if err != nil {
		return err
	}
	way, err := governance.WayOf(c.ReadTx, in.File)
	return procedure.Hold(way == f.Kind, err)
})

// inviteSource lets the source read along and enter its account before its first delivery is due.
var inviteSource = procedure.Effect{Name: "invite", Say: "数源部门参与对接", Plan: plan.C("6.2.2"), Run: func(c *procedure.Ctx) error {
	org, err := hookupSource(c)
	if err != nil || org == "" {
		return err
	}
	_, err = c.W.Exec(`INSERT INTO case_party (case_no, role, org) VALUES ($1,$2,$3) ON CONFLICT DO NOTHING`, c.Case.No, string(party.Source), org)
	return err
}}

var sealCredential = procedure.Effect{Name: "seal", Say: "凭据封存，只供取数使用；此前的测试结果作废", Plan: plan.C("10.5.1"), Run: func(c *procedure.Ctx) error {
	in, err := procedure.Input[credentialInput](c)
	if err != nil {
		return err
	}
	if SealCredentials == nil {
		return errors.New("nothing to seal credentials with")
	}
	to, err := connectionOf(c)
	if err != nil {
		return err
	}
	return governance.PutCredential(c.W, SealCredentials, c.Case.No, to, connector.Secret(in), c.Actor.Person, c.Desk.Org)
}}

// connectionOf is the connection in use, or the one the form declares.
func connectionOf(c *procedure.Ctx) (connector.Spec, error) {
	h, err := governance.HookupOfCase(c.ReadTx, c.Case.No)
	if err == nil {
		x, err := governance.ConnectorOf(c.ReadTx, h.ID)
		if err == nil {
			return x.Declared()
		}
		if !errors.Is(err, store.ErrNotFound) {
			return connector.Spec{}, err
		}
	} else if !errors.Is(err, store.ErrNotFound) {
		return connector.Spec{}, err
	}
	f, err := procedure.Form[hookupForm](c)
	return f.spec(), err
}

var probeConnection = procedure.Effect{Name: "probe", Say: "平台在后台测试连接，结果显示在“连接”一栏", Plan: plan.C("6.2.2"), Run: func(c *procedure.Ctx) error {
	s, err := connectionOf(c)
	if err != nil {
		return err
	}
	_, err = governance.QueueProbe(c.W, c.Case.No, s, c.Actor.Person, c.Desk.Org)
	return err
}}

var fetchNow = procedure.Effect{Name: "fetch", Say: "平台在后台取数，取到的数据进入治理", Plan: plan.C("6.2.2"), Run: func(c *procedure.Ctx) error {
	h, err := governance.HookupOfCase(c.ReadTx, c.Case.No)
	if err != nil {
		return err
	}
	_, err = governance.QueueFetch(c.W, h, "", c.Actor.Person, c.Desk.Org)
	return err
}}

// hookupSection is a view of the case's hookup; empty before there is one.
func hookupSection(draw func(*store.ReadTx, string) (procedure.Section, error)) func(*procedure.Ctx) (procedure.Section, error) {
	return func(c *procedure.Ctx) (procedure.Section, error) {
		h, err := governance.HookupOfCase(c.ReadTx, c.Case.No)
		if errors.Is(err, store.ErrNotFound) {
			return procedure.Section{}, nil
		}
		if err != nil {
			return procedure.Section{}, err
		}
		return draw(c.ReadTx, h.ID)
	}
}

// connectionView shows how a connection stands: account sealed or not, the newest test, the newest
// fetch, the next one. For a push it says where a program sends to.
func connectionView(c *procedure.Ctx) (procedure.Section, error) {
	f, err := procedure.Form[hookupForm](c)
	if err != nil || f.Kind == "upload" || !governance.Supported(f.Kind) {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "keyvalues", Items: []procedure.Item{{Label: "接入方式", Value: procedure.LabelOf(governance.Kinds, f.Kind)}}}
	add := func(label string, value any) { s.Items = append(s.Items, procedure.Item{Label: label, Value: value}) }
	h, err := governance.HookupOfCase(c.ReadTx, c.Case.No)
	connected := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return s, err
	}
	if f.Kind == "push" {
		if connected {
			add("推送地址", "POST /api/push/"+h.ID+"?name=文件名")
			add("说明", "由数源部门的程序账号持令牌推送；请求头 Idempotency-Key 相同的批次只收一次")
		}
		return s, nil
	}
	if f.Kind != connector.Folder {
		at, err := governance.CredentialSet(c.ReadTx, c.Case.No)
		if err != nil {
			return s, err
		}
		if at.IsZero() {
			add("连接凭据", "尚未录入，由数源部门录入")
		} else {
			add("连接凭据", "已封存（"+dateOf(at).String()+"）")
		}
	}
	p, err := governance.ProbeOf(c.ReadTx, c.Case.No)
	switch {
	case errors.Is(err, store.ErrNotFound):
		add("测试连接", "尚未测试")
	case err != nil:
		return s, err
	default:
		add("测试连接", p.Say)
		add("测试时间", minute(p.At))
		var columns []string
		if err := json.Unmarshal([]byte(p.Detail), &columns); err == nil && len(columns) > 0 {
			add("表中的列", strings.Join(columns, "、"))
		}
	}
	if !connected {
		return s, nil
	}
	x, err := governance.ConnectorOf(c.ReadTx, h.ID)
	if errors.Is(err, store.ErrNotFound) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if x.Outcome != "" {
		add("最近取数", x.Outcome)
	}
	if !x.Fetched.IsZero() {
		add("最近取数时间", minute(x.Fetched))
	}
	if x.Due.IsZero() {
		add("下次取数", "由运营机构发起")
	} else {
		add("下次取数", minute(x.Due))
	}
	return s, nil
}

// minute is a time as people read it in a list of labels and values.
func minute(t store.Time) string { return t.In(calendar.Shanghai).Format("2006-01-02 15:04") }

// Deliveries hands what was fetched to the cases of their hookups.
type Deliveries struct{ Engine *procedure.Engine }

// Open implements governance.Delivery: a case takes a delivery while it runs.
func (d Deliveries) Open(r *store.ReadTx, caseNo string) (bool, error) {
	c, _, err := d.Engine.Load(r, caseNo)
	return c != nil && c.State == "running", err
}

// Authorised implements governance.Delivery.
func (d Deliveries) Authorised(r *store.ReadTx, h governance.Hookup) (bool, error) {
	it, err := catalogue.ByID(r, h.Item)
	if err != nil || it.State != catalogue.StatePublished {
		return false, ignoreNone(err)
	}
	on := calendar.DateOf(r.Now())
	a, err := agreement.HolderOf(r, h.Item, on)
	return err == nil && a.OperatorOrg == h.OperatorOrg && a.Status(on) == agreement.InForce, ignoreNone(err)
}

// Deliver implements governance.Delivery: the machine takes the source's step, under the source's rules.
func (d Deliveries) Deliver(ctx context.Context, h governance.Hookup, upload string) error {
	actor := procedure.Actor{Person: procedure.Machine.Person, Name: procedure.Machine.Name, Program: true,
		Desks: []procedure.Desk{{ID: h.SourceOrg + "/" + string(party.Source), Org: h.SourceOrg, Role: party.Source, Label: party.Labels[party.Source], Division: h.Division}}}
	return Deliver(ctx, d.Engine, actor, h.CaseNo, upload)
}

// Deliver takes the step of delivery of a case with a staged upload, on the revision as it is now.
// Errors are those of Engine.Do.
func Deliver(ctx context.Context, e *procedure.Engine, a procedure.Actor, caseNo, upload string) error {
	input, err := json.Marshal(deliverInput{File: upload})
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		var revision int64
		if err := e.DB().View(ctx, func(r *store.ReadTx) error {
			c, _, err := e.Load(r, caseNo)
			if err == nil {
				revision = c.Revision
			}
			return err
		}); err != nil {
			return fmt.Errorf("deliver to %s: %w", caseNo, err)
		}
		_, err := e.Do(ctx, a, caseNo, "deliver", procedure.Act{Revision: revision, Input: input})
		var stale *procedure.Stale
		if !errors.As(err, &stale) || try == 3 {
			return err
		}
	}
}
