// Every screen and the states of it worth a look, as paths of the development server.
const open = (action) => async (page) => {
  await page.click(`.action-bar [data-action="${action}"]`)
  await page.waitForSelector('.ant-modal')
}
const more = (label) => async (page) => {
  await page.getByRole('button', { name: /更多/ }).click()
  await page.getByRole('menuitem', { name: label }).click()
  await page.waitForSelector('.ant-modal')
}
export const screens = () => [
  { name: 'signin', path: '/sign-in' },
  { name: 'signin-locked', path: '/sign-in', then: async (p) => { await p.fill('#signin-user', 'locked'); await p.fill('#signin-password', 'x'); await p.click('button[type=submit]'); await p.waitForSelector('.ant-alert') } },
  { name: 'signin-totp', path: '/sign-in', then: async (p) => { await p.fill('#signin-user', 'totp'); await p.fill('#signin-password', 'x'); await p.click('button[type=submit]'); await p.waitForSelector('#signin-code') } },
  { name: 'register', path: '/register', then: async (p) => { await p.fill('#reg-idCard', '123'); await p.click('button[type=submit]'); await p.waitForSelector('.error-summary') } },
  { name: 'work', path: '/work' },
  { name: 'work-large', path: '/work', then: async (p) => { await p.click('.tool[aria-pressed]'); await p.waitForTimeout(300) } },
  { name: 'work-empty', path: '/work?tab=todo&q=没有这样的事项' },
  { name: 'work-english', path: '/work?tab=overdue', then: async (p) => { await p.click('.tool[aria-label*="Language"]'); await p.waitForTimeout(500) } },
  { name: 'menu', path: '/work', viewport: true, then: async (p) => { const b = p.locator('.topbar .only-narrow'); if (await b.isVisible()) { await b.click(); await p.waitForTimeout(400) } } },
  { name: 'case-draft', path: '/cases/XQ-2026-0041' },
  { name: 'case-errors', path: '/cases/XQ-2026-0041', then: async (p) => { await p.fill('#form-title', ''); await p.fill('#form-records', '200000x'); await open('submit')(p); await p.getByRole('button', { name: '预演' }).click(); await p.waitForTimeout(200); await p.getByRole('button', { name: '返回表单修改' }).click(); await p.waitForSelector('.error-summary') } },
  { name: 'case-submit', path: '/cases/XQ-2026-0041', viewport: true, then: async (p) => { await open('submit')(p); await p.waitForSelector('.rehearsal') } },
  { name: 'case-void', path: '/cases/XQ-2026-0041', viewport: true, then: async (p) => { await more('作废')(p); await p.fill('#act-opinion', '重复申请'); await p.getByRole('button', { name: '预演' }).click(); await p.waitForSelector('#act-number') } },
  { name: 'case-review', path: '/cases/XQ-2026-0038' },
  { name: 'case-refused', path: '/cases/XQ-2026-0038', viewport: true, then: async (p) => { await p.hover('.refused'); await p.waitForSelector('.refusal') } },
  { name: 'case-grant', path: '/cases/XQ-2026-0038', viewport: true, then: async (p) => { await open('grant')(p); await p.getByRole('button', { name: '预演' }).click(); await p.waitForSelector('.field-error') } },
  { name: 'case-stale', path: '/cases/XQ-2026-0029', viewport: true, then: async (p) => { await more('意见')(p); await p.fill('#act-opinion', 'stale'); await p.getByRole('button', { name: '预演' }).click(); await p.waitForSelector('.ant-alert-warning') } },
  { name: 'case-done', path: '/cases/XQ-2026-0020' },
  { name: 'case-missing', path: '/cases/NONE-1' },
  { name: 'new', path: '/new' },
  { name: 'new-case', path: '/new/p06_3b_demand?title=预填的名称' },
  { name: 'registers', path: '/registers' },
  { name: 'register-list', path: '/registers/catalogue' },
  { name: 'register-export', path: '/registers/catalogue?level=2', viewport: true, then: async (p) => { await p.getByRole('button', { name: '导出' }).click(); await p.waitForSelector('.export-link') } },
  { name: 'register-empty', path: '/registers/tariffs' },
  { name: 'entry', path: '/registers/catalogue/c1' },
  { name: 'messages', path: '/messages' },
  { name: 'search', path: '/search?q=数据' },
  { name: 'jobs', path: '/jobs' },
  { name: 'leader', path: '/leader' },
  { name: 'leader-pressed', path: '/leader?kind=pressed' },
  { name: 'leader-word', path: '/leader', viewport: true, then: async (p) => { await p.getByRole('button', { name: /^附言后督办“/ }).first().click(); await p.waitForSelector('.press-word textarea') } },
  { name: 'leader-weekly', path: '/leader?view=weekly' },
  { name: 'help', path: '/help' },
  { name: 'help-procedure', path: '/help/p06_3b_demand' },
  { name: 'profile', path: '/profile' },
  { name: 'profile-totp', path: '/profile', then: async (p) => { await p.getByRole('button', { name: '开始绑定' }).click(); await p.waitForSelector('.totp-secret') } },
  { name: 'keys', path: '/orders/DD-1/keys', then: async (p) => { await p.getByRole('button', { name: '签发密钥' }).click(); await p.locator('.ant-modal-footer .ant-btn-primary').click(); await p.waitForSelector('.secret') } },
  { name: 'keys-revoke', path: '/orders/DD-1/keys', viewport: true, then: async (p) => { await p.getByRole('button', { name: /^吊销密钥/ }).first().click(); await p.waitForSelector('#revoke-id') } },
  { name: 'project', path: '/projects/SB-2026-0003' },
  { name: 'project-answer', path: '/projects/SB-2026-0003', then: async (p) => { await p.click('.q-tools button'); await p.getByRole('button', { name: '运行' }).click(); await p.waitForSelector('.answer table') } },
  { name: 'project-refused', path: '/projects/SB-2026-0003', viewport: true, then: async (p) => { await p.click('.questions li:last-child .q-tools button'); await p.getByRole('button', { name: '试算价格' }).click(); await p.waitForSelector('.ant-alert-warning') } },
]

/** The same look at a real server: whatever the signed-in person may open. */
export async function liveScreens(page, origin) {
  const get = (path) => page.evaluate((p) => fetch(p).then((r) => (r.ok ? r.json() : {})), `${origin}${path}`)
  const out = ['/work', '/work?tab=all', '/new', '/registers', '/messages', '/jobs', '/help', '/profile'].map((path) => ({ name: `live${path.replace(/[/?=]/g, '-')}`, path }))
  const procedures = (await get('/api/procedures')).items ?? []
  for (const p of procedures.filter((x) => x.startable)) out.push({ name: `live-new-${p.id}`, path: `/new/${p.id}` })
  if (procedures[0]) out.push({ name: 'live-help-procedure', path: `/help/${procedures[0].id}` })
  for (const r of ((await get('/api/registers')).items ?? [])) {
    out.push({ name: `live-register-${r.id}`, path: `/registers/${r.id}` })
    const list = await get(`/api/registers/${r.id}?size=1`)
    if (list.items && list.rows?.[0]) out.push({ name: `live-entry-${r.id}`, path: `/registers/${r.id}/${encodeURIComponent(list.rows[0].key)}` })
  }
  for (const c of ((await get('/api/cases?tab=all&size=5')).items ?? [])) out.push({ name: `live-case-${c.no}`, path: `/cases/${c.no}` })
  const me = await get('/api/me')
  if (me.desks?.some((d) => d.lead)) out.push({ name: 'live-leader', path: '/leader' }, { name: 'live-weekly', path: '/leader?view=weekly' })
  return out
}
