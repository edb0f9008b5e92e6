import { call, newKey } from '../api/client'
import type { Case, DryRun, Form } from '../api/types'

export type ActBody = { form?: Form; input?: Form; opinion?: string; attachments?: string[]; as?: string }

export { newKey }

/** Performs or rehearses an act at the revision the reader saw. */
export function act<T extends Case | DryRun>(no: string, action: string, revision: string | number, body: ActBody, key: string, dry: boolean): Promise<T> {
  return call<T>(`/api/cases/${encodeURIComponent(no)}/${encodeURIComponent(action)}${dry ? '?dry=1' : ''}`, {
    method: 'POST',
    body,
    headers: { 'If-Match': `"${revision}"`, ...(dry ? {} : { 'Idempotency-Key': key }) },
  })
}
