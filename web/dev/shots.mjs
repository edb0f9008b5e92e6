// Looks at every screen in headless Chromium at 1366 and 375 px, writes a picture
// of each and runs axe-core in it. Fails on a serious finding, on an error of the
// page's own script and on a page that is wider than its window.
//   node dev/shots.mjs OUTDIR [http://127.0.0.1:8090] [name-filter]
// With PADO_USER and PADO_PASSWORD the origin is a real server, and the screens are
// whatever that person may open there.
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { liveScreens, screens } from './screens.mjs'

const [out = 'shots', origin = 'http://127.0.0.1:8090', only = ''] = process.argv.slice(2)
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
mkdirSync(out, { recursive: true })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
let bad = 0
const say = (name, what) => {
  bad++
  console.log(`${name}: ${what}`)
}
for (const [width, height] of [[1366, 768], [375, 740]]) {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  let current = ''
  page.on('pageerror', (e) => say(current, `script: ${e.message}`))
  page.on('console', (m) => m.type() === 'error' && !/Failed to load resource/.test(m.text()) && say(current, `console: ${m.text().slice(0, 300)}`))
  if (process.env.PADO_USER) {
    await page.goto(`${origin}/app/sign-in`)
    await page.fill('#signin-user', process.env.PADO_USER)
    await page.fill('#signin-password', process.env.PADO_PASSWORD ?? '')
    await page.click('button[type=submit]')
    await page.waitForSelector('.topbar')
  }
  for (const s of process.env.PADO_USER ? await liveScreens(page, origin) : screens()) {
    if (only && !s.name.includes(only)) continue
    current = `${s.name}@${width}`
    try {
      await page.evaluate(() => localStorage.clear()).catch(() => undefined)
      await page.goto('about:blank')
      if (!process.env.PADO_USER) await fetch(`${origin}/api/reset`)
      await page.goto(`${origin}/app${s.path}`, { waitUntil: 'networkidle' })
      await s.then?.(page)
      await page.waitForTimeout(250)
      if (!s.viewport) {
        // as tall as the page, or what sticks to an edge would stand in the middle
        const tall = await page.evaluate(() => document.documentElement.scrollHeight)
        await page.setViewportSize({ width, height: Math.min(Math.max(tall, height), 9000) })
        await page.waitForTimeout(150)
      }
      await page.screenshot({ path: join(out, `${s.name}-${width}.png`) })
      await page.setViewportSize({ width, height })
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      if (wide > 1) say(current, `the page is ${wide} px wider than its window`)
      const results = await page.evaluate(`(() => { const module = undefined; const exports = undefined; const define = undefined; ${axe}; return axe.run(document, { resultTypes: ['violations'] }) })()`)
      for (const v of results.violations) {
        if (v.impact === 'serious' || v.impact === 'critical') say(current, `axe ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(' ') + ' ' + n.html.slice(0, 140) + ' ' + (n.any[0]?.message ?? '')).join(' | ')}`)
      }
    } catch (e) {
      say(current, `failed: ${e.message.split('\n')[0]}`)
      await page.screenshot({ path: join(out, `${s.name}-${width}-failed.png`) }).catch(() => undefined)
    }
  }
  await context.close()
}
await browser.close()
console.log(bad ? `${bad} findings` : 'no findings')
process.exit(bad ? 1 : 0)
