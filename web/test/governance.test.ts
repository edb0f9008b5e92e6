import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../src/api/client'
import type { Reading, SheetView, StepKind, ViewRow } from '../src/api/reading'
import { columnsOf, fresh, gist, kindOf, moved, stepOf } from '../src/lib/pipeline'
import { partEnd, send, type Line, type Upload } from '../src/lib/resumable'
import { letters, markOf, mergeAt, withHeader, withRow } from '../src/lib/sheet'
import { graphOf, wayOf } from '../src/panels/lineage'
import { share } from '../src/panels/Profiles'

describe('the sheet', () => {
  it('letters its columns as a spreadsheet does', () => expect([0, 25, 26, 51, 52, 701, 702].map(letters)).toEqual(['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ', 'AAA']))
  const r: Reading = { skip: 1, header: 1 }
  const row = (n: number, is = 'data'): ViewRow => ({ n, cells: ['x'], is, label: '', confidence: 100, why: '' })
  it('keeps what a person says of a row once, in order, and takes it back', () => {
    let x = withRow(withRow(r, 9, 'note'), 4, 'section')
    expect(x.rows).toEqual([{ row: 4, is: 'section' }, { row: 9, is: 'note' }])
    x = withRow(x, 9, 'total')
    expect(x.rows?.[1]).toEqual({ row: 9, is: 'total' })
    expect(withRow(withRow(x, 9, undefined), 4, undefined).rows).toBeUndefined()
  })
  it('moves the header by records that hold something', () => {
    const rows = [row(1, 'banner'), row(2, 'blank'), row(3), row(4), row(5)]
    expect(withHeader(r, rows, 3, 'begins')).toMatchObject({ skip: 1, header: 1 })
    expect(withHeader(r, rows, 4, 'ends')).toMatchObject({ skip: 1, header: 2 })
    expect(withHeader(r, rows, 1, 'begins')).toMatchObject({ skip: 0, header: 2 })
  })
  it('finds merged ranges, counted from 1', () => {
    const v: Pick<SheetView, 'merged'> = { merged: [{ top: 2, bottom: 3, left: 2, right: 3 }] }
    expect([mergeAt(v, 2, 1), mergeAt(v, 3, 2), mergeAt(v, 2, 0), mergeAt(v, 4, 1)]).toEqual(['corner', 'inside', undefined, undefined])
  })
  it('marks an unknown kind as doubtful', () => expect([markOf('data'), markOf('fields'), markOf('control')]).toEqual(['数', '疑', '疑']))
})

describe('the pipeline', () => {
  const k: StepKind = { kind: 'dates', label: '日期归一', help: '', options: [{ name: 'columns', label: '字段', kind: 'columns', required: true }, { name: 'time', label: '含时刻', kind: 'bool', required: false }] }
  it('names the kind of a step and finds a fault’s step', () => {
    expect(kindOf({ name: 'x', trim: { columns: ['*'] } })).toBe('trim')
    expect([stepOf('steps[12].check.rules[0].column'), stepOf('target.columns[1].type'), stepOf(undefined)]).toEqual([12, -1, -1])
  })
  it('makes a fresh step with what is required left empty', () => expect(fresh(k)).toEqual({ dates: { columns: [] } }))
  it('moves by one place and not over the edge', () => {
    expect(moved([1, 2, 3], 0, 1)).toEqual([2, 1, 3])
    expect(moved([1, 2, 3], 0, -1)).toEqual([1, 2, 3])
    expect(moved([1, 2, 3], 2, 1)).toEqual([1, 2, 3])
  })
  it('knows the columns of source, heading and derivation', () =>
    expect(columnsOf({ format: '', id: '', version: 1, source: { kind: 'csv', strays: { section: '分节' }, columns: [{ name: '编号', as: 'no' }, { name: '年龄' }] }, steps: [{ derive: { column: 'day', copy: 'no' } }], target: { table: 't', columns: [] } })).toEqual(['no', '年龄', '分节', 'day']))
  it('says a step in a few words', () => expect(gist({ dates: { columns: ['a', 'b'], time: true } }, k)).toBe('a、b · 含时刻'))
})

describe('the lineage', () => {
  const g = graphOf({
    columns: ['文件', '流水线', '版本'].map((label) => ({ key: label, label, kind: 'text' as const })),
    rows: [
      { node: 'r1', station: 0, label: 'a' }, { node: 'r2', station: 0, label: 'b' }, { node: 'p', station: 1, label: 'p' },
      { node: 'v1', station: 2, label: '1' }, { node: 'v2', station: 2, label: '2' },
      { from: 'r1', to: 'p' }, { from: 'r2', to: 'p' }, { from: 'p', to: 'v1' }, { from: 'p', to: 'v2' }, { from: 'p', to: 'nowhere' },
    ],
  })
  it('lays every node on its own place and drops edges to nowhere', () => {
    expect(new Set(g.nodes.map((n) => `${n.station}/${n.y}`)).size).toBe(5)
    expect(g.edges).toHaveLength(4)
    expect(g.depth).toBeGreaterThanOrEqual(2)
  })
  it('follows a way up and down, not sideways', () => expect([...wayOf('v1', g.edges)].sort()).toEqual(['p', 'r1', 'r2', 'v1']))
})

it('a share reads 100 only when it is the whole', () => expect([share(9999, 10000), share(10, 10), share(0, 10), share(1, 0)]).toEqual(['99.9%', '100.0%', '0.0%', '—']))

describe('sending in parts', () => {
  const bytes = new Uint8Array(9_000_001).map((_, i) => i % 251)
  const file = Object.assign(new Blob([bytes]), { name: 'a.csv' })
  const world = (faults: (() => void)[]) => {
    const got: [number, number][] = []
    const u: Upload = { id: 'u', caseNo: 'c', name: 'a.csv', size: bytes.length, next: 0, state: 'open', partMax: 8 << 20, partMin: 65536 }
    let sum = ''
    const line: Line = {
      begin: async () => ({ ...u }),
      where: async () => ({ ...u }),
      part: async (_, start, body) => {
        faults.shift()?.()
        if (start !== u.next) throw new ApiError({ status: 409, code: 'upload.offset' })
        got.push([start, body.size])
        u.next += body.size
        return { ...u }
      },
      complete: async (_, sha) => ((sum = sha), { ...u, state: 'complete' }),
      wait: async () => undefined,
    }
    return { u, line, got, sum: () => sum }
  }
  const digest = createHash('sha256').update(bytes).digest('hex')
  it('sends every byte once and the digest of the whole', async () => {
    const w = world([])
    expect((await send(file, w.line, new AbortController().signal, () => undefined)).state).toBe('complete')
    expect(w.got.reduce((n, [, k]) => n + k, 0)).toBe(bytes.length)
    expect(w.sum()).toBe(digest)
  })
  it('goes on where the server stands, after a broken line and from an earlier day', async () => {
    const w = world([() => { throw new ApiError({ status: 0 }) }, () => { w.u.next += 0 }])
    w.u.next = 70_000
    await send(file, w.line, new AbortController().signal, () => undefined)
    expect(w.got[0]![0]).toBe(70_000)
    expect(w.sum()).toBe(digest)
  })
  it('gives up on a refusal, and when it is stopped', async () => {
    await expect(send(file, world([() => { throw new ApiError({ status: 422, code: 'upload.closed' }) }]).line, new AbortController().signal, () => undefined)).rejects.toThrow()
    const stop = new AbortController()
    stop.abort()
    await expect(send(file, world([]).line, stop.signal, () => undefined)).rejects.toThrow()
  })
  it('ends the last part with the file', () => expect([partEnd(0, 10, 4), partEnd(8, 10, 4), partEnd(0, 10, 0)]).toEqual([4, 10, 10]))
})
