import type { ClauseRef, Field, FieldError, Form } from '../api/types'
import { t } from '../i18n'

/** One thing wrong with one input. `key` is the dotted place: "amount", "rows.2.amount". */
export type Problem = { key: string; label: string; message: string; clause?: ClauseRef | string }

/** The id of the input for a key, also the target of the summary's links. */
export const inputId = (scope: string, key: string): string => `${scope}-${key.replace(/[^\w一-鿿]/g, '-')}`

export function isEmpty(v: unknown): boolean {
  return v === undefined || v === null || v === '' || (Array.isArray(v) && v.length === 0) || (typeof v === 'string' && v.trim() === '')
}

/** Whether a field is shown beside the others' present values. */
export function shown(field: Field, form: Form): boolean {
  const c = field.showIf
  if (!c) return true
  const v = form[c.field]
  const hit = (x: unknown) => (c.in ?? []).some((w) => w === x || String(w) === String(x))
  return Array.isArray(v) ? v.some(hit) : v === undefined || v === null ? false : hit(v)
}

const shapes: Partial<Record<Field['kind'], { re: RegExp; key: Parameters<typeof t>[0] }>> = {
  integer: { re: /^-?\d+$/, key: 'form.shape.integer' },
  number: { re: /^-?\d+(\.\d+)?$/, key: 'form.shape.number' },
  money: { re: /^-?\d+(\.\d{1,2})?$/, key: 'form.shape.money' },
  percent: { re: /^-?\d+$/, key: 'form.shape.percent' },
  date: { re: /^\d{4}-\d\d-\d\d$/, key: 'form.shape.date' },
  uscc: { re: /^[0-9A-HJ-NPQRTUWXY]{18}$/, key: 'form.shape.uscc' },
  idcard: { re: /^\d{17}[\dX]$/, key: 'form.shape.idcard' },
  phone: { re: /^(\+?86)?1\d{10}$|^0\d{2,3}-?\d{7,8}$/, key: 'form.shape.phone' },
}

/** Compares two decimal strings without a float. */
export function compareDecimal(a: string, b: string): number {
  const parse = (s: string) => {
    const m = /^(-?)0*(\d+)(?:\.(\d*))?$/.exec(s.trim()) ?? ['', '', '0', '']
    return { neg: m[1] === '-', whole: m[2] ?? '0', frac: m[3] ?? '' }
  }
  const x = parse(a)
  const y = parse(b)
  const width = Math.max(x.whole.length, y.whole.length)
  const digits = Math.max(x.frac.length, y.frac.length)
  const big = (v: typeof x) => BigInt(v.whole.padStart(width, '0') + v.frac.padEnd(digits, '0')) * (v.neg ? -1n : 1n)
  const d = big(x) - big(y)
  return d < 0n ? -1 : d > 0n ? 1 : 0
}

/** Zero means that no bound is declared: the wire leaves it out or writes 0. */
const bound = (b: unknown): b is number | string => b !== undefined && b !== null && b !== 0 && b !== ''

const numeric = new Set<Field['kind']>(['integer', 'number', 'money', 'percent'])

/**
 * What the declaration alone can tell before the server is asked: missing,
 * wrong shape, outside the declared bounds. Every rule stays with the server.
 */
export function check(fields: readonly Field[], form: Form, prefix = ''): Problem[] {
  const out: Problem[] = []
  for (const f of fields) {
    if (f.readOnly || !shown(f, form)) continue
    const key = prefix + f.name
    const v = form[f.name]
    const bad = (message: string) => out.push({ key, label: f.label, message, clause: f.clause })
    if (isEmpty(v)) {
      if (f.required) bad(t(isChoice(f) ? 'form.missing.choice' : isFile(f) ? 'form.missing.file' : 'form.missing', { label: f.label }))
      continue
    }
    if (f.kind === 'table' && f.rows) {
      ;(v as Form[]).forEach((row, i) => out.push(...check(f.rows!, row ?? {}, `${key}.${i}.`)))
      continue
    }
    const s = typeof v === 'string' || typeof v === 'number' ? String(v) : ''
    const shape = shapes[f.kind]
    if (shape && s && !shape.re.test(s)) {
      bad(t(shape.key))
      continue
    }
    if (f.pattern && s && !safeTest(f.pattern, s)) {
      bad(f.help ? t('form.pattern.help', { help: f.help }) : t('form.pattern'))
      continue
    }
    if (numeric.has(f.kind) && s) {
      const show = (n: number | string) => (f.kind === 'percent' ? `${Number(n) / 100}%` : `${n}${f.unit ?? ''}`)
      if (bound(f.min) && compareDecimal(s, String(f.min)) < 0) bad(t('form.min', { n: show(f.min!) }))
      else if (bound(f.max) && compareDecimal(s, String(f.max)) > 0) bad(t('form.max', { n: show(f.max!) }))
    } else if ((f.kind === 'text' || f.kind === 'longtext') && typeof v === 'string') {
      const n = [...v].length
      if (bound(f.max) && n > Number(f.max)) bad(t('form.max.length', { n: Number(f.max), have: n }))
      else if (bound(f.min) && n < Number(f.min)) bad(t('form.min.length', { n: Number(f.min), have: n }))
    }
  }
  return out
}

const isChoice = (f: Field) => ['choice', 'choices', 'bool', 'org', 'person', 'case', 'catalogue', 'product', 'ref', 'refs', 'date', 'datetime'].includes(f.kind)
const isFile = (f: Field) => f.kind === 'file' || f.kind === 'files'

function safeTest(pattern: string, s: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(s)
  } catch {
    return true // a pattern this engine cannot read is the server's to judge
  }
}

const wrappers = new Set(['$', 'body', 'form', 'input', 'payload'])

/** The dotted key of a server path: "/form/rows/2/amount", "form.rows[2].amount" and "rows.2.amount" are one place. */
export function keyOf(path: string, fields: readonly Field[]): string {
  const tokens = path
    .replace(/^#?\//, '')
    .replace(/\[(\w+)\]/g, '.$1')
    .split(/[./]/)
    .filter(Boolean)
  const names = new Set(fields.map((f) => f.name))
  while (tokens.length > 1 && wrappers.has(tokens[0]!) && !names.has(tokens[0]!)) tokens.shift()
  return tokens.join('.')
}

/** The declared label of a key, with the row's number for a table: "费用明细 第3行 金额". */
export function labelOf(key: string, fields: readonly Field[]): string | null {
  const [name, index, ...rest] = key.split('.')
  const f = fields.find((x) => x.name === name)
  if (!f) return null
  if (index === undefined) return f.label
  const row = t('form.row', { n: Number(index) + 1 })
  const inner = rest.length && f.rows ? labelOf(rest.join('.'), f.rows) : ''
  return [f.label, row, inner].filter(Boolean).join(' ')
}

/** Sorts the server's errors into those with a place on the page and the rest. */
export function mapErrors(errors: readonly FieldError[] | undefined, fields: readonly Field[]): { placed: Problem[]; general: Problem[] } {
  const placed: Problem[] = []
  const general: Problem[] = []
  for (const e of errors ?? []) {
    const key = keyOf(e.path ?? '', fields)
    const label = labelOf(key, fields)
    if (label === null) general.push({ key: '', label: '', message: e.message, clause: e.clause })
    else placed.push({ key, label, message: e.message, clause: e.clause })
  }
  return { placed, general }
}

/** Problems by key; the first of each place is the one shown. */
export function byKey(problems: readonly Problem[]): Record<string, Problem> {
  const out: Record<string, Problem> = {}
  for (const p of problems) out[p.key] ??= p
  return out
}

/** Problems of one table as seen from its rows: "2.amount". */
export function under(problems: Record<string, Problem>, key: string): Record<string, Problem> {
  const out: Record<string, Problem> = {}
  for (const [k, p] of Object.entries(problems)) if (k.startsWith(key + '.')) out[k.slice(key.length + 1)] = p
  return out
}

/** Kinds whose typed text travels as a JSON number; money stays a decimal string. */
const jsonNumber = new Set<Field['kind']>(['integer', 'number', 'percent'])

/** What is sent: hidden and read-only fields left out, strings trimmed at the ends, empty ones dropped. */
export function toSend(fields: readonly Field[], form: Form): Form {
  const out: Form = {}
  for (const f of fields) {
    if (f.readOnly || !shown(f, form)) continue
    const v = form[f.name]
    if (f.kind === 'table' && f.rows && Array.isArray(v)) out[f.name] = v.map((row) => toSend(f.rows!, (row ?? {}) as Form))
    else if (typeof v === 'string') {
      const text = v.trim()
      if (text !== '') out[f.name] = jsonNumber.has(f.kind) && Number.isFinite(Number(text)) ? Number(text) : text
    } else if (v !== undefined && v !== null) out[f.name] = v
  }
  return out
}

/** The fields in the order of their declared groups. */
export function groups(fields: readonly Field[]): { title: string; fields: Field[] }[] {
  const out: { title: string; fields: Field[] }[] = []
  for (const f of fields) {
    const title = f.section ?? ''
    const g = out.find((x) => x.title === title)
    if (g) g.fields.push(f)
    else out.push({ title, fields: [f] })
  }
  return out
}
