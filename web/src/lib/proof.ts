import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { LogEntry } from '../api/types'

/*
 * Checks an entry of the log as core/audit/FORMAT.md states it, from the bytes
 * alone: nothing the server says of the result is believed. SHA-256 only; the
 * SM3 tree and the signatures are for `pado audit verify`.
 */

const utf8 = new TextEncoder()

export function unbase64(s: string): Uint8Array {
  return Uint8Array.from(atob(s), (c) => c.charCodeAt(0))
}

export function base64(b: Uint8Array): string {
  return btoa(String.fromCharCode(...b))
}

function join(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const p of parts) {
    out.set(p, at)
    at += p.length
  }
  return out
}

/** The hash by which the public leaf is bound to the body (§3): key is the opening. */
export function bodyHash(key: Uint8Array, body: Uint8Array): Uint8Array {
  return sha256(join(utf8.encode('pado-body/1\n'), key, body))
}

/** The opening of a body from its salt (§3); the server does this, tests use it. */
export function bodyKey(salt: Uint8Array): Uint8Array {
  return hmac(sha256, salt, utf8.encode('pado-body-key/1\n'))
}

export const leafHash = (leaf: Uint8Array) => sha256(join(Uint8Array.of(0), leaf))
const nodeHash = (a: Uint8Array, b: Uint8Array) => sha256(join(Uint8Array.of(1), a, b))

/** The root a path leads to (RFC 9162 §2.1.3.2); undefined when the path has the wrong length. */
export function rootOf(index: number, size: number, leaf: Uint8Array, path: readonly Uint8Array[]): Uint8Array | undefined {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return undefined
  let fn = index
  let sn = size - 1
  let r = leafHash(leaf)
  for (const p of path) {
    if (sn === 0) return undefined
    if (fn % 2 === 1 || fn === sn) {
      r = nodeHash(p, r)
      while (fn % 2 === 0 && fn !== 0) {
        fn = fn / 2
        sn = Math.floor(sn / 2)
      }
    } else r = nodeHash(r, p)
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return sn === 0 ? r : undefined
}

/** Size and root as the checkpoint's text states them. */
export function checkpoint(note: string): { origin: string; size: number; root: string } | undefined {
  const [origin = '', size = '', root = ''] = note.split('\n')
  return /^\d+$/.test(size) && root ? { origin, size: Number(size), root } : undefined
}

export type Verdict = { body?: boolean; path: boolean; root: boolean; ok: boolean }

/** `body` is undefined for an entry whose salt was erased: there is nothing left to compare. */
export function verify(e: LogEntry): Verdict {
  const none = { path: false, root: false, ok: false }
  try {
    if (!e.proof) return none
    const leaf = unbase64(e.proof.leaf)
    const text = new TextDecoder('utf-8', { fatal: true }).decode(leaf)
    const facts = JSON.parse(text.slice(text.indexOf('\n') + 1)) as { sha256?: string }
    let body: boolean | undefined
    if (e.body && e.opening) {
      const raw = unbase64(e.body)
      const said = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw)) as { seq?: string }
      body = facts.sha256 === base64(bodyHash(unbase64(e.opening), raw)) && said.seq === String(e.seq)
    }
    const cp = checkpoint(e.proof.checkpoint)
    const root = rootOf(e.seq, e.proof.size, leaf, e.proof.path.map(unbase64))
    const path = root !== undefined && e.proof.seq === e.seq
    const same = path && cp !== undefined && cp.size === e.proof.size && cp.root === base64(root)
    return { body, path, root: same, ok: path && same && body !== false }
  } catch {
    return none
  }
}
