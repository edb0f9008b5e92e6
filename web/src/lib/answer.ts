import type { Question } from '../api/types'
import { t } from '../i18n'

export type ResultCell = { text: string; withheld?: boolean }
export type ResultTable = { columns: { label: string; numeric: boolean }[]; rows: ResultCell[][]; withheld: number }

/** A cell that protection left out: null, or an object that says so. A zero is a zero. */
const isWithheld = (v: unknown): boolean => v === null || v === undefined || (typeof v === 'object' && (v as { withheld?: unknown }).withheld === true)

const text = (v: unknown): string => {
  if (v !== null && typeof v === 'object') {
    const o = v as { value?: unknown; text?: unknown }
    return String(o.value ?? o.text ?? JSON.stringify(v))
  }
  return String(v)
}

/** An interval in words: a half-width, or a lower and an upper end. */
export function intervalText(v: unknown): string {
  if (v === null || v === undefined || v === '') return ''
  if (Array.isArray(v)) return v.length === 2 && v.every((x) => typeof x !== 'object') ? `${String(v[0])} – ${String(v[1])}` : v.map(intervalText).filter(Boolean).join('；')
  if (typeof v === 'object') {
    const o = v as { lo?: unknown; hi?: unknown; half?: unknown }
    if (o.lo !== undefined && o.hi !== undefined) return `${String(o.lo)} – ${String(o.hi)}`
    if (o.half !== undefined) return `± ${String(o.half)}`
    return ''
  }
  return /^[-+±\d.]/.test(String(v)) ? `± ${String(v).replace(/^±\s*/, '')}` : String(v)
}

/**
 * The rows of an answer with one more column for the intervals. `interval` is one
 * half-width for all, a list with an entry for each row, or a name → half-width.
 */
export function tableOf(a: Question): ResultTable {
  const names = (a.columns ?? []).map((c) => (typeof c === 'string' ? { key: c, label: c } : { key: c.name, label: c.label || c.name }))
  const raw = (a.rows ?? []).map((r) => (Array.isArray(r) ? r : names.map((n) => (r as Record<string, unknown>)[n.key])))
  const cells = raw.map((r) => names.map((_, j): ResultCell => (isWithheld(r[j]) ? { text: '', withheld: true } : { text: text(r[j]) })))
  const numeric = names.map((_, j) => raw.some((r) => typeof r[j] === 'number' || (typeof r[j] === 'string' && /^-?\d+(\.\d+)?$/.test(r[j] as string))) && cells.every((r) => r[j]!.withheld || /^-?[\d.,]+$/.test(r[j]!.text)))
  const columns = names.map((n, j) => ({ label: n.label, numeric: numeric[j]! }))
  const own = (i: number): string => {
    const v = a.interval
    if (v === undefined || v === null) return ''
    if (Array.isArray(v) && v.length === raw.length && raw.length !== 2) return intervalText(v[i])
    if (Array.isArray(v) && v.length === raw.length && Array.isArray(v[0])) return intervalText(v[i])
    if (typeof v === 'object' && !Array.isArray(v) && !('lo' in v) && !('half' in v)) {
      return Object.entries(v)
        .map(([k, x]) => `${names.find((n) => n.key === k)?.label ?? k} ${intervalText(x)}`)
        .join('；')
    }
    return intervalText(v)
  }
  const rows = cells.map((r) => [...r])
  if (raw.length && raw.some((_, i) => own(i) !== '')) {
    columns.push({ label: t('sandbox.interval'), numeric: false })
    rows.forEach((r, i) => r.push({ text: r.every((c) => c.withheld || !numeric[r.indexOf(c)]) && r.some((c) => c.withheld) ? '—' : own(i) || '—' }))
  }
  const counted = cells.flat().filter((c) => c.withheld).length
  return { columns, rows, withheld: typeof a.withheld === 'number' ? Math.max(a.withheld, counted) : counted }
}
