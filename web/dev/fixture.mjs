// A server for looking at the pages while none of the real ones runs: answers the
// API contract from memory and serves dist under /app/. Development only; nothing
// in src imports it and the build does not ship it. State is lost at exit.
//   node dev/fixture.mjs [port]
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { cases, choices, documentHtml, entries, jobs, me, messages, problem, procedureDetails, procedures, project, registers, weeklyHtml } from './fixture-data.mjs'

const port = Number(process.argv[2] ?? 8090)
const dist = new URL('../dist/', import.meta.url)
const types = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', html: 'text/html; charset=utf-8' }
const csp =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
let signedIn = true
const files = new Map()
const fresh = structuredClone(cases)

const read = (req) =>
  new Promise((resolve) => {
    const parts = []
    req.on('data', (d) => parts.push(d))
    req.on('end', () => resolve(Buffer.concat(parts)))
  })
const now = () => '2026-11-23T10:20:00+08:00'
const row = (c) => ({
  no: c.no, procedure: c.procedure.id, procedureTitle: c.procedure.title, title: c.title, state: c.state.id, stateLabel: c.state.label,
  ownerLabel: c.ownerLabel, due: c.due, since: c.since, updated: c.updated, org: c.org, tenant: c.tenant, backfill: c.backfill, urged: c.urged,
})

function answer(req, res, url, body) {
  const path = decodeURIComponent(url.pathname)
  const json = (value, status = 200, headers = {}) => {
    res.writeHead(status, { 'Content-Type': status >= 400 ? 'application/problem+json' : 'application/json', ...headers })
    res.end(value === undefined ? '' : JSON.stringify(value))
  }
  const fail = (status, code, detail, more = {}) => json(problem(status, code, detail, more), status)
  const input = () => (body.length ? JSON.parse(body.toString()) : {})
  let m

  if (path === '/api/reset') {
    cases.splice(0, cases.length, ...structuredClone(fresh))
    signedIn = true
    return json(undefined, 204)
  }
  if (path === '/api/health') return json({ status: 'ok', version: '0.0.0', businessTime: now(), disk: { freeBytes: 1e11, level: 'ok' } })
  if (path === '/api/session' && req.method === 'POST') {
    const { user, password, code } = input()
    if (user === 'locked') return json(problem(401, 'sign_in.locked', '连续 5 次输入错误，账号已锁定。'), 401, { 'Retry-After': '900' })
    if (user === 'expired') return fail(401, 'sign_in.password_expired', '口令已使用 90 天，请联系本单位管理员重置。')
    if (user === 'totp' && code !== '123456') return fail(401, 'sign_in.second_factor', code ? '动态口令不正确或已过期' : '请输入动态口令')
    if (password === 'wrong') return fail(401, 'sign_in.failed', '用户名或口令不正确')
    signedIn = true
    return json(me)
  }
  if (path === '/api/session') {
    signedIn = false
    return json(undefined, 204)
  }
  if (path === '/api/registration') {
    const b = input()
    if (b.user === 'taken') return fail(422, 'form.invalid', '有内容需要更正', { errors: [{ path: 'user', message: '用户名已被使用' }] })
    return json({ id: 'p9', name: b.name }, 201)
  }
  if (!signedIn) return fail(401, 'sign_in.required', '请先登录')
  if (path === '/api/me') return json({ ...me, counts: { ...me.counts, messages: messages.filter((x) => !x.read).length } })
  if (path === '/api/me/password') return json(undefined, 204)
  if (path === '/api/me/totp') return json({ secret: 'JBSWY3DPEHPK3PXPJBSWY3DP', uri: 'otpauth://totp/PADO:zhang?secret=JBSWY3DPEHPK3PXPJBSWY3DP&issuer=PADO' })
  if (path === '/api/me/totp/confirm') return input().code === '123456' ? json(undefined, 204) : fail(422, 'sign_in.second_factor', '数字不正确或已过期')
  if (path === '/api/procedures') return json({ items: procedures })
  if ((m = /^\/api\/procedures\/([^/]+)$/.exec(path))) return procedureDetails[m[1]] ? json(procedureDetails[m[1]]) : fail(404, 'not_found', '没有找到，或者您无权查看')
  if ((m = /^\/api\/procedures\/([^/]+)\/cases$/.exec(path))) {
    const made = structuredClone(cases.find((c) => c.state.id === 'draft'))
    made.no = `XQ-2026-${String(cases.length + 100).padStart(4, '0')}`
    made.form = input().form ?? {}
    made.title = made.form.title || '数据需求'
    made.draft = undefined
    cases.push(made)
    return json(made, 201)
  }
  if (path === '/api/cases') {
    const tab = url.searchParams.get('tab')
    const text = url.searchParams.get('q') ?? ''
    let list = cases.filter((c) => (tab === 'overdue' ? c.due?.level === 'overdue' : tab === 'soon' ? c.due?.level === 'soon' : tab === 'done' ? c.state.terminal : tab === 'supervised' ? c.urged > 1 : tab === 'todo' ? !c.state.terminal : true))
    if (text) list = list.filter((c) => (c.no + c.title).includes(text))
    const p = url.searchParams.get('procedure')
    if (p) list = list.filter((c) => c.procedure.id === p)
    const at = Number(url.searchParams.get('cursor') ?? 0)
    return json({ items: list.slice(at, at + 20).map(row), next: list.length > at + 20 ? String(at + 20) : undefined, total: list.length })
  }
  if ((m = /^\/api\/cases\/([^/]+)$/.exec(path))) {
    const c = cases.find((x) => x.no === m[1])
    return c ? json(c) : fail(404, 'not_found', '没有找到，或者您无权查看')
  }
  if ((m = /^\/api\/cases\/([^/]+)\/draft$/.exec(path))) {
    const c = cases.find((x) => x.no === m[1])
    c.draft = { form: input().form, at: now() }
    return json(undefined, 204)
  }
  if (/^\/api\/cases\/[^/]+\/(documents\/[^/]+|timeline\/timeline)\.html$/.test(path)) {
    res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' })
    return res.end(documentHtml)
  }
  if ((m = /^\/api\/cases\/([^/]+)\/([a-z_]+)$/.exec(path)) && req.method === 'POST') return act(m[1], m[2])
  if (path === '/api/attachments') {
    const text = body.toString('latin1')
    const name = Buffer.from(/filename="([^"]*)"/.exec(text)?.[1] ?? 'file', 'latin1').toString('utf8')
    const a = { id: randomUUID(), name, size: body.length, sha256: createHash('sha256').update(body).digest('hex'), media: 'application/octet-stream', by: '张敏', at: now() }
    files.set(a.id, a)
    return json(a, 201)
  }
  if ((m = /^\/api\/choices\/(\w+)$/.exec(path))) {
    const q = url.searchParams.get('q') ?? ''
    return json({ items: (choices[m[1]] ?? []).filter((x) => !q || (x.value + x.label).includes(q)) })
  }
  if (path === '/api/registers') return json({ items: Object.values(registers).map(({ id, title, clause, group, total }) => ({ id, title, clause, group, count: total })) })
  if ((m = /^\/api\/registers\/(\w+)$/.exec(path))) {
    const r = registers[m[1]]
    if (!r) return fail(404, 'not_found', '没有找到，或者您无权查看')
    const q = url.searchParams.get('q') ?? ''
    const at = Number(url.searchParams.get('cursor') ?? 0)
    const rows = r.rows.filter((x) => !q || JSON.stringify(x).includes(q))
    return json({ ...r, rows: rows.slice(at, at + 20), next: rows.length > at + 20 ? String(at + 20) : undefined, total: rows.length })
  }
  if ((m = /^\/api\/registers\/(\w+)\/items\/(.+)$/.exec(path))) return json(entries(m[2], cases.slice(0, 2).map(row)))
  if (path === '/api/messages' && req.method === 'GET') {
    const kind = url.searchParams.get('kind')
    const list = messages.filter((x) => (!kind || x.kind === kind) && (url.searchParams.get('unread') !== '1' || !x.read))
    return json({ items: list, unread: messages.filter((x) => !x.read).length })
  }
  if (path === '/api/messages/read') {
    messages.forEach((x) => (x.read = true))
    return json(undefined, 204)
  }
  if ((m = /^\/api\/messages\/(\w+)\/read$/.exec(path))) {
    messages.find((x) => x.id === m[1]).read = true
    return json(undefined, 204)
  }
  if (path === '/api/leader') {
    const unit = (id, name, open, soon, overdue, oldestDays) => ({ org: { id, name }, open, soon, overdue, oldestDays })
    return json({
      asOf: now(), supervise: true, totals: { open: 61, soon: 7, overdue: 4, closedThisWeek: 12 },
      units: [unit('o1', '市数据局', 22, 3, 1, 2), unit('o2', '明川数据运营有限公司', 31, 4, 3, 9), unit('o3', '市发展改革委', 5, 0, 0, 0), unit('o4', '市财政局', 3, 0, 0, 0)],
    })
  }
  if (path === '/api/leader/cases') {
    const kind = url.searchParams.get('kind') ?? 'open'
    return json({ items: cases.filter((c) => kind === 'open' || c.due?.level === kind).map((c) => ({ ...row(c), supervised: false, etag: String(c.revision ?? 1) })) })
  }
  if (path === '/api/leader/pressed') {
    const [one, two] = cases.map(row)
    const pressed = { at: now(), by: '赵明远', org: '市人民政府', word: '请抓紧办理' }
    return json({ items: [{ ...one, supervised: true, pressed, waitedDays: 3 }, { ...two, supervised: false, pressed: { ...pressed, word: undefined }, waitedDays: 1, answer: { at: now(), label: '同意', org: '市数据局' } }] })
  }
  if (path === '/api/leader/weekly/weekly.html') {
    res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' })
    return res.end(weeklyHtml)
  }
  if (path === '/api/search') {
    const q = url.searchParams.get('q') ?? ''
    return json({
      items: [
        ...cases.filter((c) => (c.no + c.title).includes(q)).map((c) => ({ kind: 'case', title: `${c.title}（${c.no}）`, subtitle: c.state.label, path: `/cases/${c.no}` })),
        ...procedures.filter((p) => p.title.includes(q)).map((p) => ({ kind: 'procedure', title: p.title, subtitle: p.group, path: `/help/${p.id}` })),
      ],
    })
  }
  if (path === '/api/jobs') return json({ items: jobs })
  if ((m = /^\/api\/jobs\/(\w+)\/cancel$/.exec(path))) {
    const j = jobs.find((x) => x.id === m[1])
    j.state = 'cancelled'
    j.finishedAt = now()
    return json(undefined, 204)
  }
  if (/^\/api\/projects\/[^/]+$/.test(path)) return json(project)
  if (/^\/api\/projects\/[^/]+\/questions$/.test(path)) {
    const { sql } = input()
    if (/name|select \*/i.test(sql)) {
      return fail(422, 'guard.forbidden_column', '不能使用列 name：它直接指明个人。', { clause: { id: '6.3.2', title: '数据需求' }, rewrite: 'SELECT county, count(DISTINCT id_card) AS persons FROM person GROUP BY county' })
    }
    const a = { ...project.questions[0], id: randomUUID(), at: now(), sql }
    if (url.searchParams.get('dry')) return json({ ...a, rows: undefined, state: 'planned', aggregates: [{ title: 'persons', half_width: 19.6 }] })
    project.questions.unshift(a)
    project.budget.spent += a.price
    project.budget.left -= a.price
    return json(a)
  }
  const keyList = (globalThis.keyList ??= [{ id: 'key-0001', order: 'DD-1', algorithm: 'HMAC-SM3', state: 'active', created: '2026-11-01T09:00:00+08:00', path: '/open/v1/enterprise' }])
  if (/^\/api\/orders\/[^/]+\/keys$/.test(path)) {
    if (req.method === 'GET') return json({ items: keyList })
    const b = input()
    const k = { id: `key-${String(keyList.length + 1).padStart(4, '0')}`, order: 'DD-1', algorithm: b.algorithm, state: 'active', created: now(), path: '/open/v1/enterprise' }
    keyList.push(k)
    return json({ ...k, secret: randomUUID().replaceAll('-', '').repeat(2) }, 201)
  }
  return fail(404, 'not_found', '没有这个地址')

  function act(no, action) {
    const c = cases.find((x) => x.no === no)
    const b = input()
    if (!req.headers['if-match']) return fail(428, 'request.if_match', '办理时须说明所依据的版本')
    if (String(req.headers['if-match']).replace(/"/g, '') !== String(c.revision)) return fail(409, 'case.stale', '王强（明川数据运营有限公司）于 11月23日 10:18 已办理“补正”，请载入最新内容。')
    const o = c.offers.find((x) => x.action === action)
    const to = { submit: 'review', grant: 'granted', refuse: 'refused' }[action]
    const label = procedureDetails.p06_3b_demand.states.find((s) => s.id === to)?.label ?? c.state.label
    if (b.opinion === 'stale') {
      c.revision++
      c.form.term = 24
      return fail(409, 'case.stale', '王强（明川数据运营有限公司）于 11月23日 10:18 已办理“补正”，请载入最新内容。')
    }
    if (action === 'submit' && b.form?.records > 100000) {
      const errors = [{ path: 'records', message: '超出授权目录允许的规模 100000', clause: '6.3.2' }, { path: 'items.0.fields', message: '数据项不在授权目录内', clause: '7.2' }]
      return url.searchParams.get('dry') ? json({ ok: false, effects: [], errors, refusal: { code: 'form.invalid', message: '有内容需要更正' } }) : fail(422, 'form.invalid', '有内容需要更正', { errors })
    }
    if (url.searchParams.get('dry')) {
      return json({ ok: true, to: to ?? c.state.id, toLabel: label, effects: to === 'granted' ? ['建立使用许可 1 项，有效期至 2027-11-22', '向“恒远科技有限公司”发送待办消息'] : ['向下一承办单位发送待办消息'], due: to ? { at: '2026-12-08T00:00:00+08:00', label: '2026-12-07 24:00', level: 'ok', remaining: 10, elapsed: 0, unit: 'working_day', source: '实施方案 6.3' } : undefined })
    }
    c.revision++
    c.draft = undefined
    if (b.form) c.form = { ...c.form, ...b.form }
    c.history.push({ n: c.history.length + 1, at: now(), actor: { name: '张敏', org: '恒远科技有限公司', role: '开发主体' }, action, label: o.label, from: c.state.id, to: to ?? c.state.id, toLabel: label, opinion: b.opinion, clause: '6.3.2', elapsed: 1, seq: 900 + c.history.length, attachments: (b.attachments ?? []).map((x) => files.get(x)).filter(Boolean), result: 'done' })
    if (to) {
      c.state = { id: to, label, terminal: to === 'granted' || to === 'refused' }
      c.offers = c.offers.filter((x) => x.kind === 'common')
      if (c.state.terminal) c.due = null
    }
    return json(c)
  }
}

createServer(async (req, res) => {
  const url = new URL(req.url, 'http://x')
  if (url.pathname.startsWith('/api/')) return answer(req, res, url, await read(req))
  if (!url.pathname.startsWith('/app/')) {
    res.writeHead(url.pathname === '/' ? 302 : 404, { Location: '/app/' })
    return res.end()
  }
  const rest = url.pathname.slice(5)
  if (rest.startsWith('assets/')) {
    const file = new URL(rest, dist)
    if (!existsSync(file)) {
      res.writeHead(404)
      return res.end()
    }
    res.writeHead(200, { 'Content-Type': types[rest.split('.').pop()] ?? 'application/octet-stream', 'Cache-Control': 'no-store' })
    return res.end(readFileSync(file))
  }
  res.writeHead(200, { 'Content-Type': types.html, 'Cache-Control': 'no-cache', 'Content-Security-Policy': csp })
  res.end(readFileSync(new URL('index.html', dist), 'utf8').replaceAll('"./assets/', '"/app/assets/'))
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/app/`))
