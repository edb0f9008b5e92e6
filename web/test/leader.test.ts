import { afterEach, expect, it, vi } from 'vitest'
import { kindOf, kinds } from '../src/api/leader'
import { act } from '../src/case/act'
import zh from '../src/i18n/zh.json'

afterEach(() => vi.unstubAllGlobals())

it('shows the overdue list unless the address names another', () => {
  expect(kindOf(undefined)).toBe('overdue')
  expect(kindOf('todo')).toBe('overdue')
  expect(kinds.map((k) => kindOf(k))).toEqual([...kinds])
  for (const k of kinds) expect(zh).toHaveProperty([`leader.${k}`])
})

it('supervises from the row in one request, without a rehearsal', async () => {
  const fetch = vi.fn(async () => new Response('{}', { headers: { 'Content-Type': 'application/json' } }))
  vi.stubGlobal('fetch', fetch)
  await act('XQ-2026-000001-0', 'supervise', '7', {}, 'k1', false)
  expect(fetch).toHaveBeenCalledTimes(1)
  const [path, init] = fetch.mock.calls[0] as unknown as [string, RequestInit]
  expect(path).toMatch(/\/api\/cases\/XQ-2026-000001-0\/supervise$/)
  expect(init.headers).toMatchObject({ 'If-Match': '"7"', 'X-Pado': '1' })
  expect(init.body).toBe('{}')
})
