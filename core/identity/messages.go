package identity

// What people read, with stable codes. This file imports nothing.
const (
	codeFailed   = "sign_in.failed"
	codeLocked   = "sign_in.locked"
	codeFactor   = "sign_in.second_factor"
	codeExpired  = "sign_in.password_expired"
	codeRequired = "sign_in.required"
	codeTooMany  = "sign_in.too_many"

	msgFailed      = "用户名或口令不正确"
	msgLocked      = "连续失败次数过多，账号已锁定，请 %d 分钟后再试，或联系安全管理员"
	msgFactor      = "请输入动态口令"
	msgFactorWrong = "动态口令不正确或已使用过，请等待下一个口令"
	msgOnceOver    = "一次性口令已过期，请联系安全管理员重新发放"
	msgRequired    = "请先登录"
	msgTooMany     = "登录的人较多，请稍后再试"

	codeOldWrong = "password.old"
	codeWeak     = "password.weak"
	codeReused   = "password.reused"

	msgOldWrong = "原口令不正确"
	msgShort    = "口令至少 %d 位"
	msgLong     = "口令最多 %d 位"
	msgClasses  = "口令须含大写字母、小写字母、数字、符号中的至少 %d 种"
	msgHasName  = "口令不能包含用户名"
	msgReused   = "不能使用最近 %d 次用过的口令"
	msgProgram  = "程序账号不能使用此功能"

	codeBound    = "second_factor.bound"
	codeUnbound  = "second_factor.unbound"
	codeNotBegun = "second_factor.not_begun"
	codeWrong    = "second_factor.wrong"

	msgBound    = "已绑定动态口令，请先解除后再重新绑定"
	msgUnbound  = "尚未绑定动态口令"
	msgNotBegun = "请先扫码绑定，再输入动态口令确认；绑定须在 %d 分钟内完成"

	codeUsername = "register.username"
	codeName     = "register.name"
	codePhone    = "register.phone"
	codeIDCard   = "register.id_card"
	codeMail     = "register.mail"
	codeTaken    = "register.taken"

	msgUsername = "用户名应为 4 至 32 位小写字母、数字、点、横线或下划线，以字母开头"
	msgName     = "请填写真实姓名，最多 40 个字"
	msgBirth    = "身份号码中的出生日期在今天之后"
	msgMail     = "不是有效的电子邮箱"
	msgTaken    = "用户名或证件号码已被注册"

	codeOffice  = "account.office"
	codeUnknown = "account.unknown"
	codeToken   = "account.token"
	codeSeat    = "account.seat"
	codeReason  = "reveal.reason"

	msgOffice   = "这项操作只能由安全管理员办理；单位负责人可锁定和解锁本单位人员的账号，并可为不参与双人办理的人员重置口令"
	msgOwn      = "不能对自己的账号办理"
	msgSecurity = "安全管理员的账号由系统管理员办理"
	msgPaired   = "此人的岗位参与须由两人办理的事项，口令只能由安全管理员重置"
	msgHeld     = "该账号由安全管理员锁定或吊销令牌，只能由安全管理员解除"
	msgSeated   = "设在单位的程序账号只能由该单位负责人开设和签发令牌，安全管理员可以锁定、停用和吊销"
	msgUnknown  = "没有这个账号"
	msgToken    = "只有使用中的程序账号可以签发访问令牌"
	msgSeat     = "程序账号须设在您负责的单位，并选择该单位已被确认的角色"
	msgReason   = "查看完整信息须写明事由（4 至 200 字），事由记入审计日志"

	// CodeConfirm: the act cannot be taken back and asks for a confirmation first.
	CodeConfirm = "session.confirm"

	msgConfirm      = "这项办理不可撤回，请先输入口令或动态口令确认是您本人"
	msgConfirmWrong = "口令不正确"
)
