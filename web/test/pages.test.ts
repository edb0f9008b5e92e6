import { describe, expect, it } from 'vitest'
import type { Field, MenuGroup } from '../src/api/types'
import { priceOf, tableOf } from '../src/lib/answer'
import { matrix } from '../src/pages/HelpProcedurePage'
import { prefilled } from '../src/pages/NewCasePage'
import { grouped } from '../src/pages/NewPage'
import { withRest } from '../src/pages/CasePage'
import { safeTarget } from '../src/pages/SignInPage'
import { chartOf } from '../src/sections/Chart'
import { cellsOf } from '../src/sections/rows'
import { secondsLeft } from '../src/shell/Idle'
import { activeKey, narrow } from '../src/shell/Menu'
import { qrDataUri } from '../src/pages/TotpSetup'

const menu: MenuGroup[] = [
  { key: 'work', label: '工作台', children: [{ key: 'todo', label: '待办', path: '/work?tab=todo' }, { key: 'done', label: '已办', path: '/work?tab=done' }] },
  { key: 'supply', label: '目录与供给', children: [{ key: 'cat', label: '授权目录', path: '/app/registers/catalogue' }, { key: 'regs', label: '台账', path: '/registers' }] },
]
describe('menu', () => {
  it('narrows to matching leaves, or to a whole matching group', () => {
    expect(narrow(menu, '授权').map((g) => g.children!.map((c) => c.key))).toEqual([['cat']])
    expect(narrow(menu, '工作')[0]!.children).toHaveLength(2)
    expect(narrow(menu, '无此')).toEqual([])
  })
  it('marks the leaf that says most about where we are', () => {
    expect(activeKey(menu, '/registers/catalogue/c1', '')).toBe('cat')
    expect(activeKey(menu, '/registers/other', '')).toBe('regs')
    expect(activeKey(menu, '/work', '?tab=done')).toBe('done')
    expect(activeKey(menu, '/workshop', '')).toBeUndefined()
  })
})

it('lists what may be started before what may not', () => {
  const p = (id: string, group: string, startable: boolean) => ({ id, title: id, group, startable, clause: '' })
  const g = grouped([p('a', '一', false), p('b', '一', false), p('c', '二', false), p('d', '二', true)], '')
  expect(g.map((x) => x.title)).toEqual(['二', '一'])
  expect(g[0]!.items.map((x) => x.id)).toEqual(['d', 'c'])
})

describe('prefill', () => {
  const fields: Field[] = [
    { name: 'title', label: '', kind: 'text' },
    { name: 'yes', label: '', kind: 'bool' },
    { name: 'ways', label: '', kind: 'choices' },
    { name: 'fixed', label: '', kind: 'text', readOnly: true },
  ]
  it('reads single parameters by kind', () => expect(prefilled(fields, { title: 'x', yes: 'true', ways: 'a,b', fixed: 'no', other: '1' })).toEqual({ title: 'x', yes: true, ways: ['a', 'b'] }))
  it('reads a whole form and survives a broken one', () => {
    expect(prefilled(fields, { form: '{"title":"y","other":1}' })).toEqual({ title: 'y' })
    expect(prefilled(fields, { form: '{"title":' })).toEqual({})
  })
})

it('draws a field that no section names', () => {
  const fields: Field[] = [{ name: 'a', label: '', kind: 'text' }, { name: 'b', label: '', kind: 'text' }]
  expect(withRest({ fields, sections: [{ kind: 'fields', title: 's', fields: ['a'] }] }).at(-1)!.fields).toEqual(['b'])
  expect(withRest({ fields, sections: [{ kind: 'fields', title: 's' }] })).toHaveLength(1)
})

describe('after sign-in', () => {
  it.each([
    ['/cases/X', '/cases/X'],
    ['//evil.example', '/work'],
    ['/\\evil.example', '/work'],
    ['https://evil.example', '/work'],
    ['/sign-in?to=/x', '/work'],
    [undefined, '/work'],
  ])('%s leads to %s', (to, want) => expect(safeTarget(to)).toBe(want))
})

it('lists who may do what in a state', () => {
  const step = (action: string, by: string, from: string[]) => ({ action, label: action, by, byLabel: by, from, to: 'z', clause: '' })
  const m = matrix({ states: [{ id: 's', label: 's' }, { id: 'z', label: 'z', terminal: true }], steps: [step('go', 'a', ['s']), step('stop', 'b', ['s', 'z'])] })
  expect(m.roles.map((r) => r.id)).toEqual(['a', 'b'])
  expect(m.rows[0]!.cells.map((c) => c.map((s) => s.action))).toEqual([['go'], ['stop']])
  expect(m.rows[1]!.cells.map((c) => c.length)).toEqual([0, 1])
})

it('takes the first column for names and every figure for a series', () => {
  const c = chartOf({ columns: [{ key: 'm', label: '月', kind: 'text' }, { key: 'v', label: '次', kind: 'int' }, { key: 's', label: '比', kind: 'percent' }, { key: 't', label: '注', kind: 'text' }], rows: [{ m: '一', v: 3, s: 1250, t: 'x' }, { key: 'k', cells: { m: '二', v: '4' } }] })
  expect(c.labels).toEqual(['一', '二'])
  expect(c.series.map((s) => s.values)).toEqual([[3, 4], [12.5, null]])
})
it('reads rows in both shapes', () => {
  expect(cellsOf({ key: 'k', cells: { a: 1 } })).toEqual({ a: 1 })
  expect(cellsOf({ a: 1 })).toEqual({ a: 1 })
})

describe('an answer of the sandbox', () => {
  it('never shows a withheld cell as zero or nothing', () => {
    const r = tableOf({ columns: ['c', 'n'], rows: [['a', 0], ['b', null]], withheld: 1 })
    expect(r.rows[0]![1]).toEqual({ text: '0' })
    expect(r.rows[1]![1]!.withheld).toBe(true)
    expect(r.withheld).toBe(1)
  })
  it('puts each figure’s interval beside it, none beside a withheld one', () => {
    const r = tableOf({
      columns: [{ name: 'c', type: 'text', from: 'key' }, { name: 'n', type: 'int', from: 'figure' }, { name: 's', type: 'number', from: 'figure' }],
      rows: [['a', 128, 1.5], ['b', null, 2.5]],
      halfWidths: [[null, 19.6, 0.12345], [null, 19.6, null]],
    })
    expect(r.columns.map((c) => c.label)).toEqual(['c', 'n', '误差范围', 's', '误差范围'])
    expect(r.rows[0]!.map((c) => c.text)).toEqual(['a', '128', '± 19.6', '1.5', '± 0.1235'])
    expect(r.rows[1]!.map((c) => c.text)).toEqual(['b', '', '—', '2.5', '—'])
    expect(r.withheld).toBe(1)
  })
  it('has no column of intervals for exact answers', () => expect(tableOf({ columns: ['n'], rows: [[3]] }).columns).toHaveLength(1))
  it('reads rows given by name', () => expect(tableOf({ columns: [{ name: 'n', label: '数' }], rows: [{ n: 3 }] }).rows).toEqual([[{ text: '3' }]]))
  it('finds the price under both names', () => expect([priceOf({ rho: 5 }), priceOf({ price: 7 }), priceOf({})]).toEqual([5, 7, undefined]))
})

it('counts the seconds of an idle session', () => {
  expect(secondsLeft(0, 0, 30)).toBe(1800)
  expect(secondsLeft(0, 1_790_000, 30)).toBe(10)
  expect(secondsLeft(0, 1_900_000, 30)).toBeLessThan(0)
})
it('draws the second factor as a picture of its own', () => expect(qrDataUri('otpauth://totp/x?secret=ABC')).toMatch(/^data:image\/svg\+xml;charset=utf-8,%3Csvg/))
