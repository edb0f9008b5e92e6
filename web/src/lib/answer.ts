import type { Question } from '../api/types'
import { t } from '../i18n'

export type ResultCell = { text: string; withheld?: boolean }
export type ResultColumn = { label: string; numeric: boolean }
export type ResultTable = { columns: ResultColumn[]; rows: ResultCell[][]; withheld: number }

/** A half width of the 95 % interval; nothing where the figure is exact or left out. */
const halfWidth = (v: unknown): string => (typeof v === 'number' && Number.isFinite(v) ? `± ${Number(v.toPrecision(4))}` : '')

/**
 * An answer as a table. `null` is a cell that protection left out, never a zero.
 * Half widths come as one number for every figure or as a matrix beside the rows;
 * each figure that has any is followed by a column of its intervals.
 */
export function tableOf(a: Pick<Question, 'columns' | 'rows' | 'withheld' | 'interval' | 'halfWidths'>): ResultTable {
  const names = (a.columns ?? []).map((c) => (typeof c === 'string' ? { key: c, label: c, type: '' } : { key: c.name, label: c.label || c.name, type: c.type ?? '' }))
  const raw = (a.rows ?? []).map((r) => (Array.isArray(r) ? r : names.map((n) => (r as Record<string, unknown>)[n.key])))
  const figures = names.map((n, j) => n.type === 'int' || n.type === 'number' || raw.some((r) => typeof r[j] === 'number'))
  const widths = a.halfWidths ?? a.interval
  const width = (i: number, j: number): string => {
    if (!figures[j] || raw[i]?.[j] === null || raw[i]?.[j] === undefined) return ''
    if (typeof widths === 'number') return halfWidth(widths)
    return Array.isArray(widths) && Array.isArray(widths[i]) ? halfWidth((widths[i] as unknown[])[j]) : ''
  }
  const noisy = names.map((_, j) => raw.some((_r, i) => width(i, j) !== ''))
  const columns: ResultColumn[] = []
  names.forEach((n, j) => {
    columns.push({ label: n.label, numeric: figures[j]! })
    if (noisy[j]) columns.push({ label: t('sandbox.interval'), numeric: false })
  })
  let withheld = 0
  const rows = raw.map((r, i) =>
    names.flatMap((_, j): ResultCell[] => {
      const v = r[j]
      const left = v === null || v === undefined
      if (left) withheld++
      const cell: ResultCell = left ? { text: '', withheld: true } : { text: typeof v === 'boolean' ? t(v ? 'yes' : 'no') : String(v) }
      return noisy[j] ? [cell, { text: width(i, j) || '—' }] : [cell]
    }),
  )
  return { columns, rows, withheld: Math.max(withheld, typeof a.withheld === 'number' ? a.withheld : 0) }
}

/** What a question costs, under either of its names. */
export const priceOf = (q: Pick<Question, 'price' | 'rho'>): number | undefined => (q.price ?? q.rho) as number | undefined
