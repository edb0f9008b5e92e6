import type { Cell, ClauseRef } from '../api/types'

/** Puts thousands separators into a decimal string and pads to two digits. Never goes through a float. */
export function money(value: unknown): string {
  const s = String(value ?? '').trim()
  const m = /^(-?)(\d+)(?:\.(\d+))?$/.exec(s)
  if (!m) return s
  const [, sign, whole = '', frac = ''] = m
  return `${sign}${group(whole)}.${frac.padEnd(2, '0')}`
}

const group = (digits: string) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',')

/** An integer with thousands separators; anything else as it is. */
export function integer(value: unknown): string {
  const s = String(value ?? '').trim()
  const m = /^(-?)(\d+)$/.exec(s)
  return m ? `${m[1]}${group(m[2]!)}` : s
}

/** Privacy budget kept in 10⁻⁹ ρ as people read it: 1500000000 → "1.5". Digits only, nothing is rounded. */
export function rho(nano: unknown): string {
  const s = integer(nano).replaceAll(',', '').padStart(10, '0')
  if (!/^\d+$/.test(s)) return String(nano ?? '')
  return `${group(s.slice(0, -9))}.${s.slice(-9)}`.replace(/\.?0+$/, '')
}

/** Basis points to percent: 1234 → "12.34". Integer arithmetic on the digits. */
export function percent(basisPoints: unknown): string {
  const m = /^(-?)(\d+)$/.exec(String(basisPoints ?? '').trim())
  if (!m) return String(basisPoints ?? '')
  const digits = m[2]!.padStart(3, '0')
  const frac = digits.slice(-2).replace(/0+$/, '')
  return `${m[1]}${digits.slice(0, -2)}${frac && '.' + frac}`
}

/** Percent typed by a person to basis points; null when it is not a number of at most two decimals. */
export function toBasisPoints(text: string): number | null {
  const m = /^(-?)(\d{1,7})(?:\.(\d{0,2}))?$/.exec(text.trim())
  if (!m) return null
  const n = Number(m[2]! + (m[3] ?? '').padEnd(2, '0'))
  return m[1] ? -n : n
}

/** RFC 3339 to "YYYY-MM-DD HH:mm" in the city's time, whatever the browser's zone. */
export function datetime(value: unknown): string {
  const s = String(value ?? '')
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(s)) {
    if (/(\+08:00)$/.test(s) || !/(Z|[+-]\d\d:\d\d)$/.test(s)) return s.slice(0, 16).replace('T', ' ')
    const ms = Date.parse(s)
    if (!Number.isNaN(ms)) return new Date(ms + 8 * 3600_000).toISOString().slice(0, 16).replace('T', ' ')
  }
  return s
}

export const date = (value: unknown): string => datetime(value).slice(0, 10)

/** The last day of a period that ends at, and does not include, an instant. */
export function lastDay(end: unknown): string {
  const ms = Date.parse(String(end ?? ''))
  return Number.isNaN(ms) ? date(end) : date(new Date(ms - 1).toISOString())
}

export function bytes(n: number): string {
  if (!Number.isFinite(n)) return ''
  if (n < 1024) return `${n} B`
  const units = ['KB', 'MB', 'GB', 'TB']
  let v = n
  let i = -1
  do {
    v /= 1024
    i++
  } while (v >= 1024 && i < units.length - 1)
  return `${v < 10 ? v.toFixed(1) : Math.round(v)} ${units[i]}`
}

/** Clause id and title in one string, from either shape the server uses. */
export function clauseText(c: ClauseRef | string | undefined | null): string {
  if (!c) return ''
  if (typeof c === 'string') return c
  return c.title ? `${c.id} ${c.title}` : c.id
}
export function clauseId(c: ClauseRef | string | undefined | null): string {
  return !c ? '' : typeof c === 'string' ? c : c.id
}

/** Words of a cell, without its kind's formatting. */
export function cellText(c: Cell): string {
  if (c === null || c === undefined) return ''
  if (typeof c === 'object') return String(c.text ?? '')
  if (typeof c === 'boolean') return c ? '是' : '否'
  return String(c)
}

export function refName(r: { name: string; code?: string } | string | undefined | null): string {
  return !r ? '' : typeof r === 'string' ? r : r.name || (r.code ?? '')
}

/** A desk in words: its role and, where it has one, its organisation. */
export const deskLabel = (d: { roleLabel: string; org: { name: string }; behalf?: string }): string => [d.roleLabel, d.org.name].filter(Boolean).join(' · ')

/** The first and last of a digest, for a narrow place; the whole is in the title attribute. */
export const shortDigest = (hex: string): string => (hex.length > 20 ? `${hex.slice(0, 8)}…${hex.slice(-8)}` : hex)

/** Address inside the application for a path of the contract ("/cases/X", "/app/cases/X", "cases/X"). */
export function appPath(path: string): string {
  const p = path.replace(/^\/app(?=\/)/, '')
  return p.startsWith('/') ? p : `/${p}`
}
