import { describe, expect, it } from 'vitest'
import { appPath, bytes, clauseText, datetime, integer, lastDay, money, percent, rho, shortDigest, toBasisPoints } from '../src/lib/format'

describe('money', () => {
  it.each([
    ['12000', '12,000.00'],
    ['3500.5', '3,500.50'],
    ['-1234567.89', '-1,234,567.89'],
    ['0', '0.00'],
    // far beyond what a float holds: every digit must stand
    ['90071992547409931234.05', '90,071,992,547,409,931,234.05'],
    ['not money', 'not money'],
  ])('%s → %s', (given, want) => expect(money(given)).toBe(want))
})

describe('percent', () => {
  it.each([
    [1234, '12.34'],
    [6250, '62.5'],
    [10000, '100'],
    [5, '0.05'],
    [-250, '-2.5'],
    [0, '0'],
  ])('%s basis points → %s', (given, want) => expect(percent(given)).toBe(want))
  it('goes back and forth', () => {
    for (const n of [0, 1, 10, 99, 100, 101, 1234, 9999, 10000]) expect(toBasisPoints(percent(n))).toBe(n)
  })
  it('refuses what is finer than a basis point, rather than rounding', () => {
    expect(toBasisPoints('12.345')).toBeNull()
    expect(toBasisPoints('abc')).toBeNull()
  })
})

describe('datetime', () => {
  it('shows the city time as written', () => expect(datetime('2026-11-23T10:20:00+08:00')).toBe('2026-11-23 10:20'))
  it('moves other zones to the city', () => expect(datetime('2026-11-23T18:30:00Z')).toBe('2026-11-24 02:30'))
  it('leaves words alone', () => expect(datetime('待公布')).toBe('待公布'))
})

it('ends a period on the day before its end', () => expect(lastDay('2027-10-01T00:00:00+08:00')).toBe('2027-09-30'))
it('writes privacy budget without rounding', () => {
  expect(rho(1500000000)).toBe('1.5')
  expect(rho(250)).toBe('0.00000025')
  expect(rho(0)).toBe('0')
  expect(rho(2000000000)).toBe('2')
})

it('groups integers, but not text', () => {
  expect(integer(86000)).toBe('86,000')
  expect(integer('XQ-1')).toBe('XQ-1')
})
it('says sizes', () => {
  expect(bytes(512)).toBe('512 B')
  expect(bytes(482113)).toBe('471 KB')
  expect(bytes(1.5 * 1024 * 1024)).toBe('1.5 MB')
})
it('reads a clause in both shapes', () => {
  expect(clauseText('6.3.2')).toBe('6.3.2')
  expect(clauseText({ id: '6.3.2', title: '数据需求' })).toBe('6.3.2 数据需求')
  expect(clauseText(undefined)).toBe('')
})
it('keeps application paths apart from their mount', () => {
  expect(appPath('/app/cases/X')).toBe('/cases/X')
  expect(appPath('/application')).toBe('/application')
  expect(appPath('cases/X')).toBe('/cases/X')
})
it('shortens a digest by both ends', () => expect(shortDigest('a'.repeat(8) + 'b'.repeat(48) + 'c'.repeat(8))).toBe('aaaaaaaa…cccccccc'))
