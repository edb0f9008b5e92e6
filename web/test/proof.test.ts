import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, it } from 'vitest'
import type { LogEntry } from '../src/api/types'
import { base64, bodyHash, bodyKey, leafHash, rootOf, verify } from '../src/lib/proof'

const utf8 = new TextEncoder()
const node = (a: Uint8Array, b: Uint8Array) => sha256(Uint8Array.from([1, ...a, ...b]))

/** Root and path by the definition of RFC 6962 §2.1: split at the largest power of two below n. */
function tree(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leafHash(leaves[0]!)
  const k = split(leaves.length)
  return node(tree(leaves.slice(0, k)), tree(leaves.slice(k)))
}
function path(m: number, leaves: Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return []
  const k = split(leaves.length)
  return m < k ? [...path(m, leaves.slice(0, k)), tree(leaves.slice(k))] : [...path(m - k, leaves.slice(k)), tree(leaves.slice(0, k))]
}
const split = (n: number) => {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

describe('a path of the log', () => {
  it('leads to the root for every leaf of every size, and for no other', () => {
    const leaves = Array.from({ length: 20 }, (_, i) => utf8.encode(`leaf ${i}`))
    for (let n = 1; n <= leaves.length; n++) {
      const some = leaves.slice(0, n)
      const root = base64(tree(some))
      for (let m = 0; m < n; m++) {
        const p = path(m, some)
        expect(base64(rootOf(m, n, some[m]!, p)!)).toBe(root)
        const other = rootOf(m, n, utf8.encode('another'), p)
        expect(other && base64(other)).not.toBe(root)
        expect(rootOf(m, n, some[m]!, [...p, p[0] ?? leafHash(some[0]!)])).toBeUndefined()
        if (p.length) expect(rootOf(m, n, some[m]!, p.slice(1))).toBeUndefined()
      }
    }
    expect(rootOf(3, 3, leaves[0]!, [])).toBeUndefined()
    expect(rootOf(-1, 3, leaves[0]!, [])).toBeUndefined()
  })
})

describe('an entry', () => {
  const key = bodyKey(utf8.encode('a salt of thirty-two random bytes'))
  const body = utf8.encode('{"seq":"1","type":"case.step","v":"pado-body/1"}')
  const leaf = utf8.encode(`pado-leaf/1 case\n${JSON.stringify({ sha256: base64(bodyHash(key, body)), sm3: '', type: 'case' })}`)
  const leaves = [utf8.encode('zero'), leaf, utf8.encode('two')]
  const good: LogEntry = {
    seq: 1, at: '', type: 'case.step', actor: '', org: '', object: '', action: '', result: 'done', clause: '', body: base64(body), opening: base64(key),
    proof: { seq: 1, leaf: base64(leaf), size: 3, path: path(1, leaves).map(base64), pathSM3: [], checkpoint: `log.test\n3\n${base64(tree(leaves))}\n\n— log.test x\n` },
  }
  it('verifies', () => expect(verify(good)).toEqual({ body: true, path: true, root: true, ok: true }))
  it('verifies without its body once the salt is erased', () => expect(verify({ ...good, body: undefined, opening: undefined })).toEqual({ body: undefined, path: true, root: true, ok: true }))
  it('fails with another body, number, leaf, root or size', () => {
    const wrong: LogEntry[] = [
      { ...good, body: base64(utf8.encode('{"seq":"1","type":"case.void"}')) },
      { ...good, opening: base64(new Uint8Array(32)) },
      { ...good, seq: 0 },
      { ...good, proof: { ...good.proof!, leaf: base64(utf8.encode('pado-leaf/1 case\n{}')) } },
      { ...good, proof: { ...good.proof!, checkpoint: `log.test\n3\n${base64(sha256(leaf))}\n` } },
      { ...good, proof: { ...good.proof!, checkpoint: good.proof!.checkpoint.replace('\n3\n', '\n4\n') } },
      { ...good, proof: { ...good.proof!, path: [] } },
      { ...good, proof: { ...good.proof!, leaf: '***' } },
      { ...good, proof: undefined },
    ]
    for (const e of wrong) expect(verify(e).ok).toBe(false)
  })
})
