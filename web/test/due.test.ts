import { describe, expect, it } from 'vitest'
import type { Due } from '../src/api/types'
import { dueView } from '../src/lib/due'

const due = (more: Partial<Due>): Due => ({ label: '2026-11-26 24:00', level: 'ok', elapsed: 6, unit: 'working_day', source: '', ...more })

describe('dueView', () => {
  it('is nothing without a limit', () => expect(dueView(null)).toBeNull())
  it('counts what is left and keeps the end for the detail', () => {
    const v = dueView(due({ remaining: 8, total: 10 }))!
    expect(v.tone).toBe('ok')
    expect(v.word).toBe('正常')
    expect(v.text).toBe('剩 8 个工作日')
    expect(v.detail).toContain('已用 6/10 个工作日')
    expect(v.detail).toContain('截止 2026-11-26 24:00')
  })
  it('names overdue by word as well as by tone', () => {
    const v = dueView(due({ level: 'overdue', remaining: -3 }))!
    expect([v.tone, v.word, v.text]).toEqual(['bad', '逾期', '超 3 个工作日'])
  })
  it('says the end when overdue is not counted', () => expect(dueView(due({ level: 'overdue', remaining: 0 }))!.text).toBe('截止 2026-11-26 24:00'))
  it('says today on the last day', () => expect(dueView(due({ level: 'soon', remaining: 0 }))!.text).toBe('今日到期'))
  it('does not count hours in days', () => {
    const v = dueView(due({ level: 'soon', unit: 'hour', remaining: 0, label: '2026-11-23 12:00' }))!
    expect(v.text).toBe('截止 2026-11-23 12:00')
  })
  it('never invents a date while the calendar is unpublished', () => {
    const v = dueView(due({ level: 'unresolved', label: '待公布（2027 年）', remaining: 0 }))!
    expect([v.tone, v.text]).toEqual(['muted', '待公布（2027 年）'])
    expect(v.detail).not.toContain('剩')
    expect(v.detail).not.toContain('截止')
  })
  it('takes a phrase of the server as it is', () => expect(dueView(due({ label: '还有两天', remaining: 2 }))!.text).toBe('还有两天'))
})
