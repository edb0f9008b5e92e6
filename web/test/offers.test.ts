import { describe, expect, it } from 'vitest'
import type { Offer } from '../src/api/types'
import { bar, canEdit, changedFields, confirms, edits, needsInput, rebase } from '../src/lib/offers'

const offer = (action: string, more: Partial<Offer> = {}): Offer => ({ action, label: action, as: 'd1', kind: 'step', style: 'default', needsOpinion: false, irreversible: false, clause: '6', fields: [], allowed: true, ...more })

describe('bar', () => {
  const b = bar([offer('urge', { kind: 'common' }), offer('refuse', { style: 'danger' }), offer('late', { allowed: false }), offer('refer'), offer('grant', { style: 'primary' })])
  it('puts the main act first and the dangerous last', () => expect(b.main.map((o) => o.action)).toEqual(['grant', 'refer', 'refuse']))
  it('keeps common acts in the menu', () => expect(b.more.map((o) => o.action)).toEqual(['urge']))
  it('shows what is refused, apart', () => expect(b.refused.map((o) => o.action)).toEqual(['late']))
})

it('knows when a rehearsal must wait for typing', () => {
  expect(needsInput(offer('a'))).toBe(false)
  expect(needsInput(offer('a', { needsOpinion: true }))).toBe(true)
  expect(needsInput(offer('a', { fields: [{ name: 'x', label: '', kind: 'text', required: true }] }))).toBe(true)
})

describe('the typed number', () => {
  it.each([
    ['XQ-2026-0041', true],
    [' xq-2026-0041 ', true],
    ['XQ-2026-004', false],
    ['', false],
  ])('%s → %s', (typed, want) => expect(confirms(typed, 'XQ-2026-0041')).toBe(want))
  it('is never satisfied by nothing', () => expect(confirms('', '')).toBe(false))
})

describe('editing', () => {
  const open = { fields: [{ name: 'a', label: '', kind: 'text' as const }], state: { id: 's', label: '', terminal: false } }
  it('follows the server’s mark on acts', () => {
    const all = [offer('save', { edits: true }), offer('grant', { edits: false, style: 'primary' })]
    expect(edits(all[0]!, all)).toBe(true)
    expect(edits(all[1]!, all)).toBe(false)
  })
  it('opens the form only for an allowed act that takes it', () => {
    expect(canEdit({ ...open, offers: [offer('save', { edits: true })] })).toBe(true)
    expect(canEdit({ ...open, offers: [offer('save', { edits: true, allowed: false })] })).toBe(false)
    expect(canEdit({ ...open, offers: [offer('urge', { kind: 'common', edits: false })] })).toBe(false)
  })
  it('never opens a closed case', () => expect(canEdit({ ...open, state: { id: 's', label: '', terminal: true }, offers: [offer('save', { edits: true })] })).toBe(false))
})

describe('rebase', () => {
  const base = { a: 1, b: 2, c: [1] }
  it('keeps every typed word over the new base and names the clashes', () => {
    const r = rebase(base, { a: 9, b: 2, c: [1, 2] }, { a: 5, b: 7, c: [1] })
    expect(r.form).toEqual({ a: 9, b: 7, c: [1, 2] })
    expect(r.kept).toEqual(['a', 'c'])
    expect(r.conflicts).toEqual(['a'])
  })
  it('is theirs when nothing was typed', () => expect(rebase(base, { ...base }, { a: 5, b: 2, c: [] })).toEqual({ form: { a: 5, b: 2, c: [] }, kept: [], conflicts: [] }))
  it('takes missing and null for the same', () => expect(changedFields({ a: null }, {})).toEqual([]))
})
