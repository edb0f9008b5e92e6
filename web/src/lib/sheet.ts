import { has, t } from '../i18n'
import type { Reading, RowKind, SheetView, Source, ViewRow } from '../api/reading'

/** What people call a type of the declaration; its bounds, where it has some, follow. */
export const typeWord = (x: string): string => {
  const key = `sheet.type.${x.replace(/\(.*/, '')}`
  return has(key) ? `${t(key)}${x.includes('(') ? ` ${x.slice(x.indexOf('('))}` : ''}` : x
}

/** Column letters as a spreadsheet writes them, from 0. */
export function letters(i: number): string {
  let s = ''
  for (let n = i + 1; n > 0; n = Math.floor((n - 1) / 26)) s = String.fromCharCode(65 + ((n - 1) % 26)) + s
  return s
}

/** The part of a source that a person confirms. */
export function readingOf(s: Source): Reading {
  return { entry: s.entry, sheet: s.sheet, skip: s.skip ?? 0, header: s.header ?? 0, merged: s.merged, missing: s.missing ?? undefined, multiline: s.multiline, strays: s.strays ?? undefined, rows: s.rows ?? undefined }
}

/** Rows whose kind a person may set one by one; banner and header are set by where the header stands. */
export const settable = (is: string): boolean => is !== 'header' && is !== 'banner' && is !== 'blank' && is !== 'control' && is !== 'encoding' && is !== 'quote' && is !== 'too_long'

/** Says of one row what it is; saying what the rules would say anyway takes the word back. */
export function withRow(r: Reading, row: number, is: RowKind | undefined): Reading {
  const rest = (r.rows ?? []).filter((x) => x.row !== row)
  const rows = is ? [...rest, { row, is }].sort((a, b) => a.row - b.row) : rest
  return { ...r, rows: rows.length ? rows : undefined }
}

/**
 * Header moved so that it begins or ends at a row: banner and header are counted in records that
 * hold something, from the top of the sheet, so the row must be among those shown from row 1.
 */
export function withHeader(r: Reading, rows: readonly ViewRow[], row: number, edge: 'begins' | 'ends'): Reading {
  const place = rows.filter((x) => x.n < row && x.is !== 'blank').length
  if (edge === 'begins') return { ...r, skip: place, header: Math.max(1, Math.min(3, r.skip + r.header - place)) }
  return { ...r, header: Math.max(1, place - r.skip + 1) }
}

/** The merged range a cell lies in, and whether it is its upper left corner. */
export function mergeAt(v: Pick<SheetView, 'merged'>, row: number, column: number): 'corner' | 'inside' | undefined {
  const m = (v.merged ?? []).find((x) => x.top <= row && row <= x.bottom && x.left <= column + 1 && column + 1 <= x.right)
  if (!m) return undefined
  return m.top === row && m.left === column + 1 ? 'corner' : 'inside'
}

/** How a kind is marked besides its colour. */
export const marks: Record<string, string> = { header: '头', banner: '题', section: '节', note: '注', total: '计', data: '数', blank: '空' }
export const markOf = (is: string): string => marks[is] ?? '疑'
