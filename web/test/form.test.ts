import { describe, expect, it } from 'vitest'
import type { Field } from '../src/api/types'
import { check, compareDecimal, inputId, keyOf, labelOf, mapErrors, shown, toSend, under, byKey } from '../src/form/model'
import { sortErrors } from '../src/case/ActionDialog'
import { halfWidth } from '../src/form/FieldInput'

const fields: Field[] = [
  { name: 'title', label: '名称', kind: 'text', required: true, max: 5, clause: '6.3.2' },
  { name: 'personal', label: '涉及个人信息', kind: 'bool', required: true },
  { name: 'basis', label: '依据', kind: 'choice', required: true, showIf: { field: 'personal', in: ['true'] } },
  { name: 'amount', label: '金额', kind: 'money', min: '100', max: '99999999999999999.99' },
  { name: 'share', label: '比例', kind: 'percent', max: 5000 },
  { name: 'uscc', label: '代码', kind: 'uscc' },
  { name: 'items', label: '费用明细', kind: 'table', required: true, rows: [{ name: 'name', label: '项目', kind: 'text', required: true }, { name: 'cost', label: '金额', kind: 'money' }] },
  { name: 'note', label: '备注', kind: 'text', readOnly: true, required: true },
  { name: 'code', label: '编码', kind: 'text', pattern: '[A-Z]{2}\\d+', help: '两个大写字母加数字' },
]
const good = { title: '名称', personal: false, items: [{ name: '甲', cost: '1.00' }] }
const keys = (form: Record<string, unknown>) => check(fields, form).map((p) => p.key)

describe('check', () => {
  it('passes what is complete', () => expect(check(fields, good)).toEqual([]))
  it('takes 否 for an answer', () => expect(keys({ ...good, personal: false })).not.toContain('personal'))
  it('asks for an untouched 是/否', () => expect(keys({ ...good, personal: undefined })).toContain('personal'))
  it('asks for a field only while it is shown', () => {
    expect(keys(good)).not.toContain('basis')
    expect(keys({ ...good, personal: true })).toContain('basis')
  })
  it('never asks for what is read-only', () => expect(keys(good)).not.toContain('note'))
  it('counts characters, not code units', () => {
    expect(keys({ ...good, title: '䶮骉㛃𠀀𠀁' })).toEqual([])
    expect(keys({ ...good, title: '䶮骉㛃𠀀𠀁字' })).toEqual(['title'])
  })
  it('names the row and column of a table', () => expect(check(fields, { ...good, items: [{ name: '甲' }, { name: ' ', cost: '1.234' }] }).map((p) => p.key)).toEqual(['items.1.name', 'items.1.cost']))
  it('wants at least one row where rows are required', () => expect(keys({ ...good, items: [] })).toEqual(['items']))
  it('compares amounts without rounding', () => {
    expect(keys({ ...good, amount: '99.99' })).toEqual(['amount'])
    expect(keys({ ...good, amount: '99999999999999999.99' })).toEqual([])
    expect(keys({ ...good, amount: '100000000000000000.00' })).toEqual(['amount'])
  })
  it('holds the wire shape of codes', () => {
    expect(keys({ ...good, uscc: '91140600MA0GTBLC0X' })).toEqual([])
    expect(keys({ ...good, uscc: '91140600MA0GTBLCOX' })).toEqual(['uscc'])
  })
  it('says percent bounds in percent', () => expect(check(fields, { ...good, share: 6000 })[0]!.message).toContain('50%'))
  it('explains a pattern by the field’s own help', () => expect(check(fields, { ...good, code: 'x1' })[0]!.message).toContain('两个大写字母'))
  it('carries the clause to the message', () => expect(check(fields, { ...good, title: '' })[0]!.clause).toBe('6.3.2'))
})

describe('places of server errors', () => {
  it.each([
    ['/form/items/2/cost', 'items.2.cost'],
    ['form.items[2].cost', 'items.2.cost'],
    ['items.2.cost', 'items.2.cost'],
    ['body.form.title', 'title'],
    ['$.title', 'title'],
    ['title', 'title'],
  ])('%s is %s', (path, key) => expect(keyOf(path, fields)).toBe(key))
  it('does not strip a field that is called like a wrapper', () => expect(keyOf('form.x', [{ name: 'form', label: '', kind: 'text' }])).toBe('form.x'))
  it('labels a cell with its row', () => expect(labelOf('items.2.cost', fields)).toBe('费用明细 第 3 行 金额'))
  it('keeps errors without a place', () => {
    const m = mapErrors([{ path: 'title', message: 'a' }, { path: 'elsewhere', message: 'b' }], fields)
    expect(m.placed.map((p) => p.key)).toEqual(['title'])
    expect(m.general.map((p) => p.message)).toEqual(['b'])
  })
  it('shows the first of several at one place', () => expect(byKey(mapErrors([{ path: 'title', message: 'a' }, { path: 'title', message: 'b' }], fields).placed).title!.message).toBe('a'))
  it('hands a table its own', () => expect(Object.keys(under(byKey(mapErrors([{ path: 'items.0.cost', message: 'a' }, { path: 'title', message: 'b' }], fields).placed), 'items'))).toEqual(['0.cost']))
  it('parts the dialog’s from the form’s', () => {
    const own: Field[] = [{ name: 'title', label: '文书标题', kind: 'text' }]
    const w = sortErrors([{ path: 'input.title', message: 'own' }, { path: 'form.title', message: 'form' }, { path: 'amount', message: 'bare' }, { path: 'opinion', message: 'say' }, { path: 'zzz', message: 'lost' }], own, fields)
    expect(w.dialog.map((p) => p.message)).toEqual(['own', 'say', 'lost'])
    expect(w.form.map((p) => p.message)).toEqual(['form', 'bare'])
  })
  it('makes ids a selector can take', () => expect(inputId('form', 'items.2.cost')).toBe('form-items-2-cost'))
})

describe('toSend', () => {
  it('sends what is shown and given, numbers as numbers, money as text', () => {
    const list: Field[] = [...fields, { name: 'n', label: '', kind: 'integer' }]
    expect(toSend(list, { ...good, title: ' 名 ', basis: 'consent', amount: '12000.00', share: 6250, note: 'x', code: '', n: '86000' })).toEqual({ title: '名', personal: false, amount: '12000.00', share: 6250, items: [{ name: '甲', cost: '1.00' }], n: 86000 })
  })
  it('leaves an unreadable number for the server to name', () => expect(toSend([{ name: 'n', label: '', kind: 'integer' }], { n: '2x' })).toEqual({ n: '2x' }))
})

it('shows by any of the wanted values, text or not', () => {
  const f: Field = { name: 'a', label: '', kind: 'text', showIf: { field: 'b', in: ['1', 'x'] } }
  expect(shown(f, { b: 1 })).toBe(true)
  expect(shown(f, { b: ['y', 'x'] })).toBe(true)
  expect(shown(f, {})).toBe(false)
})
it('compares decimals of any length', () => {
  expect(compareDecimal('10', '9.99')).toBe(1)
  expect(compareDecimal('-10', '9')).toBe(-1)
  expect(compareDecimal('1.10', '1.1')).toBe(0)
})
it('reads full-width typing', () => expect(halfWidth('１２．５％　Ａ')).toBe('12.5% A'))
