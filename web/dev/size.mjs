// Adds up what a browser fetches before the first page can be drawn: the script
// and style named in index.html and all that they import at once. Fails over the limit.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const limit = 450 * 1024
const dist = new URL('../dist/', import.meta.url)
const html = readFileSync(new URL('index.html', dist), 'utf8')
const seen = new Set()
let total = 0

function take(name) {
  if (seen.has(name)) return
  seen.add(name)
  const text = readFileSync(new URL(`assets/${name}`, dist), 'utf8')
  const size = gzipSync(text).length
  total += size
  console.log(`${String(Math.round(size / 1024)).padStart(5)} KB  ${name}`)
  if (!name.endsWith('.js')) return
  // static imports only: import"./x.js" and import{…}from"./x.js", not import("./x.js")
  for (const m of text.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) take(m[1])
}
for (const m of html.matchAll(/(?:src|href)="\.\/assets\/([\w.-]+\.(?:js|css))"/g)) take(m[1])
console.log(`${String(Math.round(total / 1024)).padStart(5)} KB  first load, gzip (limit ${limit / 1024})`)
if (total > limit) {
  console.error('the first load is over its limit')
  process.exit(1)
}
