import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { ApiError } from '../api/client'

export type Upload = { id: string; caseNo: string; name: string; size: number; next: number; state: 'open' | 'complete' | 'taken'; sha256?: string; partMax: number; partMin: number }

/** What the sending needs of the world; the tests give it another one. */
export type Line = {
  begin: (name: string, size: number) => Promise<Upload>
  where: (id: string) => Promise<Upload>
  part: (id: string, start: number, body: Blob, signal: AbortSignal) => Promise<Upload>
  complete: (id: string, sha: string) => Promise<Upload>
  wait: (ms: number, signal: AbortSignal) => Promise<void>
}

export const partSize = 4 << 20

/** Where the next part ends: as large as allowed, the last one as short as it is. */
export function partEnd(start: number, size: number, most: number): number {
  return Math.min(size, start + Math.max(1, Math.min(partSize, most || partSize)))
}

const lost = (e: unknown): boolean => e instanceof ApiError && (e.status === 0 || e.status === 502 || e.status === 503 || e.status === 504)

/**
 * Sends a file part by part and goes on where the server says it stopped. A line that breaks is
 * tried again after a while; a part that the server has already is not sent twice. Stopping leaves
 * what has arrived: the same file begun again goes on from there. The digest of the whole is
 * worked out on the way and must agree with the server's.
 */
export async function send(file: Blob & { name: string }, line: Line, signal: AbortSignal, tell: (done: number, word?: 'waiting' | 'checking') => void): Promise<Upload> {
  let u = await line.begin(file.name, file.size)
  if (u.state === 'complete') return u
  const sum = sha256.create()
  let hashed = 0
  const hash = async (to: number) => {
    while (hashed < to) {
      signal.throwIfAborted()
      const end = Math.min(to, hashed + partSize)
      sum.update(new Uint8Array(await file.slice(hashed, end).arrayBuffer()))
      hashed = end
    }
  }
  let tries = 0
  while (u.next < file.size) {
    signal.throwIfAborted()
    tell(u.next)
    const end = partEnd(u.next, file.size, u.partMax)
    try {
      await hash(end)
      u = await line.part(u.id, u.next, file.slice(u.next, end), signal)
      tries = 0
    } catch (e) {
      signal.throwIfAborted()
      const moved = e instanceof ApiError && e.status === 409
      if (!moved && !lost(e)) throw e
      if (++tries > 8) throw e
      if (!moved) {
        tell(u.next, 'waiting')
        await line.wait(Math.min(30_000, 1000 * 2 ** (tries - 1)), signal)
      }
      try {
        u = await line.where(u.id)
      } catch (again) {
        if (!lost(again)) throw again
      }
    }
  }
  tell(file.size, 'checking')
  await hash(file.size)
  return line.complete(u.id, bytesToHex(sum.digest()))
}
