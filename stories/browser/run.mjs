// Walks the pages of the running platform as several people and checks on each, at a desk's and at
// a telephone's width: no error in the console, nothing wider than the window, no serious finding
// of axe. Then a few things people do. Usage: node run.mjs URL SHOTS, and in a
// city with data: node run.mjs URL SHOTS data
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
const require = createRequire(new URL('../../web/package.json', import.meta.url))
const { chromium } = require('playwright-core')
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

const [base, shots, part] = process.argv.slice(2)
mkdirSync(shots, { recursive: true })
const browser = await chromium.launch({
  executablePath: process.env.PADO_CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
let passed = 0
const failures = []
const check = (ok, what) => { if (ok) passed++; else { failures.push(what); console.log('FAIL ' + what) } }

// What a browser says by itself about an answer that is right: the pages ask who is signed in.
// and for an account that is not there, once, on purpose.
const expected = (m) => (/\/api\/me$/.test(m.location().url) && /\b401\b/.test(m.text())) || (/\/nobody-here$/.test(m.location().url) && /\b404\b/.test(m.text()))

async function as(user, width) {
  const context = await browser.newContext({ viewport: { width, height: 800 }, baseURL: base, reducedMotion: 'reduce' })
  if (user) {
    const r = await context.request.post('/api/session', { data: { user, password: 'Pado-2026-demo' }, headers: { 'X-Pado': '1' } })
    if (!r.ok()) throw new Error(`sign in as ${user}: ${r.status()} ${await r.text()}`)
  }
  return { context, width, page: await open(context) }
}

async function open(context) {
  const page = await context.newPage()
  page.errors = []
  page.on('console', (m) => { if (m.type() === 'error' && !expected(m)) page.errors.push(`${m.text()} (${m.location().url})`) })
  page.on('pageerror', (e) => page.errors.push(e.message))
  return page
}

// A page whose process the system took away (memory is short) is opened anew once.
async function look(who, path, name) {
  try {
    await once(who, path, name)
  } catch (e) {
    if (!/crash|closed|no object with guid/i.test(e.message)) throw e
    console.log(`${name} at ${who.width}: opened again after ${e.message.split('\n')[0]}`)
    await who.page.close().catch(() => {})
    who.page = await open(who.context)
    await once(who, path, name)
  }
}

async function once({ page, width }, path, name) {
  page.errors.length = 0
  const r = await page.goto(path, { waitUntil: 'load', timeout: 60000 })
  const what = `${name} at ${width}`
  check(r.ok(), `${what}: answers ${r.status()}`)
  if (path.startsWith('/app/')) await page.locator('h1, form').first().waitFor({ timeout: 60000 })
  await page.waitForLoadState('networkidle', { timeout: 60000 })
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  check(wide <= 0, `${what}: ${wide} px wider than the window`)
  // As one expression: what the debugger evaluates is not under the page's policy for scripts.
  const bad = await page.evaluate(`(() => { const module = undefined, exports = undefined, define = undefined; ${axe}; return axe.run(document, { resultTypes: ['violations'] })
    .then((r) => r.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => v.id + ' (' + v.nodes.length + '): ' + v.nodes[0].target + ' ' + v.nodes[0].html.slice(0, 120))) })()`)
  check(bad.length === 0, `${what}: ${bad.join('; ')}`)
  check(page.errors.length === 0, `${what}: ${page.errors.join(' | ')}`)
  // The upper part is enough to look at; some lists are very long.
  const height = await page.evaluate(() => document.documentElement.scrollHeight)
  await page.screenshot({ path: `${shots}/${name}-${width}.png`, fullPage: height <= 4000 })
}

if (part === 'data') await (await import('./data.mjs')).dataStories({ as, look, check }, shots)
else await everyPage()

async function everyPage() {
  for (const width of [1366, 375]) {
    const guest = await as(null, width)
    for (const [path, name] of [['/portal/', 'portal'], ['/portal/notices', 'portal-notices'], ['/portal/verify?no=SZ-XX', 'portal-verify'], ['/portal/log', 'portal-log'], ['/portal/plan', 'portal-plan'], ['/app/', 'sign-in']]) await look(guest, path, name)
    const missing = await guest.context.request.get('/portal/none')
    check(missing.status() === 404, `a page that is not there answers ${missing.status()}`)
    const home = await guest.context.request.get('/portal/')
    for (const m of new Set([...(await home.text()).matchAll(/href="(\/portal\/list\/[a-z_]+)"/g)].map((x) => x[1]))) await look(guest, m, 'portal-' + m.split('/').pop())
    await guest.context.close()

    const lead = await as('data1', width)
    for (const [path, name] of [['/app/work', 'work'], ['/app/new', 'new'], ['/app/messages', 'messages'], ['/app/leader', 'leader'], ['/app/jobs', 'jobs'], ['/app/help', 'help'], ['/app/profile', 'profile'], ['/app/search?q=%E6%95%B0%E6%8D%AE', 'search']]) await look(lead, path, name)
    const list = await (await lead.context.request.get('/api/registers')).json()
    for (const g of list.items) await look(lead, '/app/registers/' + g.id, 'register-' + g.id)
    await lead.context.close()
  }

  // Signing in by hand, with a wrong password first.
  {
    const { page, context } = await as(null, 1366)
    await page.goto('/app/')
    await page.getByLabel('用户名').fill('oper1')
    await page.getByLabel('口令', { exact: true }).fill('wrong')
    await page.getByRole('button', { name: /登\s*录/ }).click()
    await page.getByText('用户名或口令').first().waitFor({ timeout: 60000 })
    check(true, 'a wrong password is said')
    await page.getByLabel('口令', { exact: true }).fill('Pado-2026-demo')
    await page.getByRole('button', { name: /登\s*录/ }).click()
    await page.getByRole('heading', { name: '工作台' }).first().waitFor({ timeout: 60000 })
    check(true, 'the right one leads to the work list')
    await page.keyboard.press('/')
    check(await page.evaluate(() => document.activeElement?.tagName === 'INPUT'), '/ focuses the search')
    await context.close()
  }

  await (await import('./faces.mjs')).faces({ as, look, check })
  await (await import('./case.mjs')).caseStory({ as, check })
}

await browser.close()
console.log(`browser: ${passed} passed, ${failures.length} failed`)
process.exit(failures.length ? 1 : 0)
