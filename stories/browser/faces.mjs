// What the three administrators, a lead and the audit administrator do on their own pages: accounts,
// program accounts, the audit log with its proofs, jobs, and the question before an act that cannot
// be taken back. run.mjs calls faces() with its helpers.
const PASSWORD = 'Pado-2026-demo'
const wait = { timeout: 60000 }

export async function faces({ as, look, check }) {
  for (const width of [1366, 375]) {
    const sec = await as('secadmin', width)
    for (const [path, name] of [['/app/accounts', 'accounts'], ['/app/accounts/county6b', 'account'], ['/app/accounts/nobody-here', 'account-none']]) await look(sec, path, name)
    await sec.context.close()
    const audit = await as('auditadmin', width)
    for (const [path, name] of [['/app/log', 'log'], ['/app/log/3', 'log-entry']]) await look(audit, path, name)
    await audit.context.close()
    const lead = await as('oper1', width)
    for (const [path, name] of [['/app/accounts', 'accounts-own'], ['/app/jobs', 'jobs']]) await look(lead, path, name)
    await lead.context.close()
  }
  await accounts({ as, check })
  await programs({ as, check })
  await log({ as, check })
}

const act = (page, name) => page.locator(`[data-act="${name}"]`).click(wait)
const confirmAct = (page) => page.locator('.ant-modal .dialog-foot .ant-btn-primary').click(wait)

async function accounts({ as, check }) {
  const { page, context } = await as('secadmin', 1366)
  await page.goto('/app/accounts')
  await page.getByRole('textbox', { name: '用户名、姓名或单位' }).fill('county6b')
  await page.getByRole('button', { name: /查\s*询/ }).click()
  await page.getByRole('link', { name: 'county6b', exact: true }).click(wait)
  await page.getByRole('heading', { name: '账号信息' }).waitFor(wait)

  await page.getByRole('button', { name: /查看完整内容\s*手机号码/ }).click()
  await page.getByLabel('查看事由').fill('通知本人更换口令')
  await confirmAct(page)
  await page.locator('.ant-modal code.secret').waitFor(wait)
  check(/^1\d{10}$/.test(await page.locator('.ant-modal code.secret').innerText()), 'a telephone number is shown whole for a reason')
  await page.keyboard.press('Escape')

  await act(page, 'lock')
  await confirmAct(page)
  await page.getByText('已锁定').first().waitFor(wait)
  await act(page, 'unlock')
  await confirmAct(page)
  await page.getByText('已办理：解锁').waitFor(wait)
  check(true, 'an account is locked and unlocked')

  // The server answers so once a sign-in is some minutes old; the rest is the real server.
  let refused = 0
  await page.route('**/api/accounts/county6b/reset', (route) => (refused++ ? route.continue() : route.fulfill({ status: 403, contentType: 'application/problem+json',
    body: JSON.stringify({ status: 403, code: 'session.confirm', title: 'Forbidden', detail: '请确认是您本人' }) })))
  await act(page, 'reset')
  await confirmAct(page)
  await page.getByRole('dialog', { name: '请确认是您本人' }).waitFor(wait)
  await page.locator('#confirm-text').fill('not the password')
  await page.getByRole('button', { name: '确认并继续' }).click()
  await page.getByText('口令不正确').waitFor(wait)
  await page.locator('#confirm-text').fill(PASSWORD)
  await page.getByRole('button', { name: '确认并继续' }).click()
  await page.locator('code.secret').waitFor(wait)
  const once = await page.locator('code.secret').innerText()
  check(refused === 2 && once.length >= 12, 'after confirming, the act is sent again and the one-time password shown')
  await page.reload()
  await page.getByText('须修改口令').waitFor(wait)
  check((await page.locator('code.secret').count()) === 0, 'the one-time password is shown once')
  await context.close()

  const mate = await as(null, 1366)
  await mate.page.goto('/app/')
  await mate.page.getByLabel('用户名').fill('county6b')
  await mate.page.getByLabel('口令', { exact: true }).fill(once)
  await mate.page.getByRole('button', { name: /登\s*录/ }).click()
  await mate.page.getByRole('heading', { name: '请先修改口令' }).waitFor(wait)
  await mate.page.getByLabel('当前口令').fill(once)
  await mate.page.getByLabel('新口令').fill('Shuozhou-2026-b')
  await mate.page.getByLabel('再次输入口令').fill('Shuozhou-2026-b')
  await mate.page.getByRole('button', { name: '修改口令' }).click()
  await mate.page.getByRole('heading', { name: '工作台' }).first().waitFor(wait)
  check(true, 'whoever was given a one-time password changes it first')
  await mate.page.goto('/app/messages')
  await mate.page.getByText('您的账号：重置口令').first().waitFor(wait)
  check(true, 'the person hears of what was done to the account')
  await mate.context.close()
}

async function programs({ as, check }) {
  const { page, context } = await as('oper1', 1366)
  await page.goto('/app/accounts')
  await page.getByRole('button', { name: /开设程序账号/ }).click(wait)
  await page.locator('#program-user').fill('story-program')
  await page.locator('#program-name').fill('报送程序')
  await page.getByRole('dialog').getByRole('button', { name: '开设程序账号' }).click()
  await page.getByRole('heading', { name: '报送程序' }).waitFor(wait)
  await act(page, 'token')
  await confirmAct(page)
  await page.locator('code.secret').waitFor(wait)
  const token = await page.locator('code.secret').innerText()
  const me = () => fetch(new URL('/api/me', page.url()), { headers: { Authorization: `Bearer ${token}` } }).then((r) => r.status)
  check((await me()) === 200, 'the token of a program account opens the API')
  await act(page, 'revoke')
  await confirmAct(page)
  await page.getByText('已办理：吊销令牌').waitFor(wait)
  let status = 200
  for (let i = 0; i < 20 && status !== 401; i++) status = await me()
  check(status === 401, `a revoked token answers ${status}`)
  await context.close()
}

async function log({ as, check }) {
  const { page, context } = await as('auditadmin', 1366)
  await page.goto('/app/log?person=secadmin&kind=identity')
  await page.getByText('identity.reset').first().waitFor(wait)
  await page.getByRole('row').filter({ hasText: 'identity.reset' }).getByRole('link').first().click()
  await page.getByRole('button', { name: /核\s*验/ }).click(wait)
  await page.getByText('核验通过').waitFor(wait)
  check((await page.locator('.verdict .tone-ok').count()) === 3, 'body, path and root of an entry are checked in the browser')
  await context.close()
  const other = await as('oper1', 1366)
  const r = await other.context.request.get('/api/log')
  check(r.status() === 404 && (await other.context.request.get('/api/accounts/secadmin')).status() === 404, 'the log and others\' accounts are not there for a lead')
  await other.context.close()
}
