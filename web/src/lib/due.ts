import type { Due } from '../api/types'
import { t, type Key } from '../i18n'
import { date, datetime } from './format'

export type DueView = {
  tone: 'ok' | 'warn' | 'bad' | 'muted'
  /** The state in one word, so that colour is never the only sign. */
  word: string
  /** The server's label, or a phrase made from its numbers. */
  text: string
  /** Elapsed, total, end and source, for the header and the title attribute. */
  detail: string
}

const tones = { ok: 'ok', soon: 'warn', overdue: 'bad', unresolved: 'muted' } as const

export function unitWord(unit: string | undefined): string {
  const key = `unit.${unit ?? 'day'}`
  return t((key === 'unit.working_day' || key === 'unit.hour' || key === 'unit.minute' ? key : 'unit.day') as Key)
}

/** Elapsed time is counted in days even where the limit is in hours. */
const elapsedUnit = (unit: string) => unitWord(unit === 'hour' ? 'working_day' : unit)

/** How a deadline is said. Computes nothing that the server did not count. */
export function dueView(due: Due | null | undefined): DueView | null {
  if (!due) return null
  const unit = unitWord(due.unit)
  const word = t(`due.${due.level in tones ? due.level : 'ok'}` as Key)
  // a label that begins with a date is the end of the period, any other is the whole phrase
  const dated = /^\d{4}-\d\d-\d\d/.test(due.label ?? '')
  const end = dated ? due.label : due.at ? datetime(due.at) : due.date ? date(due.date) : ''
  const counted = due.remaining !== undefined && due.level !== 'unresolved' && due.unit !== 'hour'
  const left = !counted ? '' : due.remaining! < 0 ? t('due.over', { n: -due.remaining!, unit }) : due.level === 'overdue' ? '' : due.remaining === 0 ? t('due.today') : t('due.left', { n: due.remaining!, unit })
  let text = dated ? '' : due.label
  if (!text) {
    if (due.level === 'unresolved') text = t('due.unresolved.text')
    else text = left || (end ? t('due.until', { at: end }) : '')
  }
  const parts: string[] = []
  if (due.total) parts.push(t('due.elapsed.of', { n: due.elapsed, total: due.total, unit: elapsedUnit(due.unit) }))
  else if (due.elapsed >= 0) parts.push(t('due.elapsed', { n: due.elapsed, unit: elapsedUnit(due.unit) }))
  if (left && left !== text) parts.push(left)
  if (end && due.level !== 'unresolved') parts.push(t('due.until', { at: end }))
  if (due.source) parts.push(t('due.source', { source: due.source }))
  return { tone: tones[due.level] ?? 'ok', word, text, detail: parts.join('；') }
}
