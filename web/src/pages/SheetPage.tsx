import { Alert, Button, Checkbox, InputNumber, Popconfirm, Progress, Select } from 'antd'
import { EyeOutlined, UploadOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { call, upload } from '../api/client'
import { useMe } from '../api/hooks'
import type { Reading, SampleState, SheetView } from '../api/reading'
import type { Attachment } from '../api/types'
import { t } from '../i18n'
import { bytes, datetime, integer, shortDigest } from '../lib/format'
import { usePageTitle } from '../lib/page'
import { readingOf, withHeader, withRow } from '../lib/sheet'
import { EmptyBox, ErrorBox, errorText, Loading, PageHead, Toned } from '../ui/atoms'
import { Watermark } from '../ui/Watermark'
import { Legend, SheetGrid, type RowChange } from './SheetGrid'
import { SheetColumns, type ColumnSay } from './SheetColumns'
import './sheet.css'

const size = 100

export const sampleKey = (no: string) => ['sample', no]
export const useSample = (no: string) => useQuery({ queryKey: sampleKey(no), queryFn: () => call<SampleState>(`/api/hookups/${encodeURIComponent(no)}/sample`), refetchOnWindowFocus: false })

/** 样本和读法: a person of the source looks at the file as it is, mends how it is read, and confirms. */
export default function SheetPage({ no }: { no: string }) {
  const q = useSample(no)
  const me = useMe().data!
  usePageTitle(t('sheet.title'), me.city.platform)
  const head = <PageHead crumbs={[{ label: t('work'), to: '/work' }, { label: no, to: `/cases/${no}` }, { label: t('sheet.title') }]} title={t('sheet.title')} sub={<code>{no}</code>} extra={<Link to="/cases/$no" params={{ no }} className="btn-link">{t('sheet.back')}</Link>} />
  if (q.isPending) return <Loading rows={8} />
  if (!q.data)
    return (
      <>
        {head}
        <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
      </>
    )
  return (
    <>
      {head}
      <Body no={no} s={q.data} watermark={me.watermark} />
    </>
  )
}

function Body({ no, s, watermark }: { no: string; s: SampleState; watermark: string }) {
  const mine = s.face === 'source'
  const held = s.sample?.held
  return (
    <>
      {s.confirmed && (
        <Alert
          type="success"
          showIcon
          className="gap"
          title={t('sheet.confirmed', { by: s.confirmed.by, at: datetime(s.confirmed.at), n: s.confirmed.n })}
          description={
            <>
              {t('sheet.confirmed.text', { skip: s.confirmed.draft.source.skip ?? 0, header: s.confirmed.draft.source.header ?? 0, columns: s.confirmed.draft.source.columns?.length ?? 0, rows: s.confirmed.draft.source.rows?.length ?? 0 })}{' '}
              <Link to="/cases/$no/pipeline" params={{ no }}>
                {t('sheet.topipeline')}
              </Link>
            </>
          }
        />
      )}
      {!mine && <Alert type="info" showIcon className="gap" title={t('sheet.notyours')} description={t('sheet.notyours.text')} />}
      <SampleCard no={no} s={s} mine={mine} />
      {mine && held && <Reader key={s.sample!.n} no={no} n={s.sample!.n} watermark={watermark} />}
    </>
  )
}

function SampleCard({ no, s, mine }: { no: string; s: SampleState; mine: boolean }) {
  const client = useQueryClient()
  const input = useRef<HTMLInputElement>(null)
  const stop = useRef<AbortController>(null)
  const [running, setRunning] = useState<{ name: string; fraction: number }>()
  const [error, setError] = useState<unknown>()
  const path = `/api/hookups/${encodeURIComponent(no)}/sample`
  const take = (x: SampleState) => client.setQueryData(sampleKey(no), x)
  const send = async (file: File) => {
    setError(undefined)
    stop.current = new AbortController()
    setRunning({ name: file.name, fraction: 0 })
    try {
      const a = await upload<Attachment>(file, (fraction) => setRunning({ name: file.name, fraction }), stop.current.signal)
      take(await call<SampleState>(path, { method: 'PUT', body: { file: a.id } }))
    } catch (e) {
      setError(e)
    } finally {
      setRunning(undefined)
      if (input.current) input.current.value = ''
    }
  }
  return (
    <section className="card" aria-label={t('sheet.sample')}>
      <header className="card-head">
        <h2>{t('sheet.sample')}</h2>
      </header>
      {s.sample ? (
        <p>
          <strong>{s.sample.name}</strong> <span className="muted">{bytes(s.sample.size)}</span>{' '}
          <code className="digest" title={`SHA-256 ${s.sample.sha256}`}>
            SHA-256 {shortDigest(s.sample.sha256)}
          </code>{' '}
          <span className="muted">{t('sheet.uploaded', { by: s.sample.by, at: datetime(s.sample.at) })}</span> {!s.sample.held && <Toned tone="muted">{t('sheet.removed')}</Toned>}
        </p>
      ) : (
        <EmptyBox text={mine ? t('sheet.none') : t('sheet.none.other')} />
      )}
      {error !== undefined && <ErrorBox error={error} />}
      {running && (
        <div className="file-running">
          <span>{running.name}</span>
          <Progress percent={Math.round(running.fraction * 100)} size="small" aria-label={t('files.progress', { name: running.name })} />
          <Button size="small" type="text" onClick={() => stop.current?.abort()}>
            {t('cancel')}
          </Button>
        </div>
      )}
      {mine && (
        <p className="no-print sheet-acts">
          <input ref={input} type="file" hidden accept=".csv,.tsv,.txt,.xlsx,.xls,.parquet,.json,.zip" aria-label={t('sheet.choose')} onChange={(e) => e.target.files?.[0] && void send(e.target.files[0])} />
          <Button icon={<UploadOutlined />} type={s.sample?.held ? 'default' : 'primary'} disabled={!!running} onClick={() => input.current?.click()}>
            {s.sample?.held ? t('sheet.replace') : t('sheet.choose')}
          </Button>
          {s.sample?.held && (
            <Popconfirm title={t('sheet.remove.ask')} okText={t('sheet.remove')} cancelText={t('cancel')} onConfirm={() => call<SampleState>(path, { method: 'DELETE' }).then(take, setError)}>
              <Button danger type="text">
                {t('sheet.remove')}
              </Button>
            </Popconfirm>
          )}
          <span className="muted">{t('sheet.limits')}</span>
        </p>
      )}
    </section>
  )
}

type Part = { entry?: string; sheet?: string; from: number; reading?: Reading }

/** The opened sample. Nothing is asked for until the person opens it: each look is in the log. */
function Reader({ no, n, watermark }: { no: string; n: number; watermark: string }) {
  const client = useQueryClient()
  const [view, setView] = useState<SheetView>()
  const [part, setPart] = useState<Part>({ from: 1 })
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const [says, setSays] = useState<Record<string, ColumnSay>>({})
  const [done, setDone] = useState(false)
  const turn = useRef(0)
  const path = `/api/hookups/${encodeURIComponent(no)}/sample`

  const look = async (p: Part) => {
    const mine = ++turn.current
    setBusy(true)
    setError(undefined)
    setDone(false)
    try {
      const v = await call<SheetView>(`${path}/look`, { method: 'POST', body: { ...p, rows: size } })
      if (mine !== turn.current) return
      setView(v)
      setPart({ ...p, entry: v.proposal.entry, sheet: v.proposal.sheet, reading: readingOf(v.proposal.pipeline.source) })
    } catch (e) {
      if (mine === turn.current) setError(e)
    } finally {
      if (mine === turn.current) setBusy(false)
    }
  }
  const mend = (reading: Reading) => void look({ ...part, reading })
  const row = (c: RowChange) => {
    const r = part.reading
    if (!r || !view) return
    if (c.to === 'headerBegins' || c.to === 'headerEnds') mend(withHeader(r, view.rows, c.row, c.to === 'headerBegins' ? 'begins' : 'ends'))
    else mend(withRow(r, c.row, c.to === 'auto' ? undefined : c.to))
  }
  const confirm = async () => {
    setBusy(true)
    setError(undefined)
    try {
      const columns = (view?.proposal.columns ?? []).map((c) => ({ name: c.name, type: says[c.name]?.type, identifier: says[c.name]?.identifier ?? !!c.identifier }))
      client.setQueryData(sampleKey(no), await call<SampleState>(`${path}/confirm`, { method: 'POST', body: { n, entry: part.entry, sheet: part.sheet, reading: part.reading, columns } }))
      for (const k of ['case', 'cases']) void client.invalidateQueries({ queryKey: [k] })
      setDone(true)
      window.scrollTo({ top: 0, behavior: 'smooth' })
    } catch (e) {
      setError(e)
    } finally {
      setBusy(false)
    }
  }

  if (!view || !part.reading)
    return (
      <section className="card sheet-open" aria-label={t('sheet.reading')}>
        <p>{t('sheet.open.text')}</p>
        {error !== undefined && <ErrorBox error={error} />}
        <Button type="primary" icon={<EyeOutlined />} loading={busy} onClick={() => void look(part)}>
          {t('sheet.open')}
        </Button>
      </section>
    )
  const p = view.proposal
  const r = part.reading
  const book = !!p.sheets?.length
  const own = p.kind === 'parquet' || p.kind === 'jsonl'
  const counts = new Map<string, number>()
  for (const f of p.not_data ?? []) counts.set(f.label, (counts.get(f.label) ?? 0) + 1)
  const wrong = (p.reconciled ?? []).filter((x) => !x.ok)
  return (
    <section className="card" aria-label={t('sheet.reading')}>
      <header className="card-head">
        <h2>{t('sheet.reading')}</h2>
        <span>{t('sheet.overall', { n: p.confidence })}</span>
      </header>
      <p className="section-note">
        {t('sheet.summary', { kind: p.kind.toUpperCase(), records: integer(p.records), data: integer(p.data_rows), columns: p.columns?.length ?? 0 })}
        {p.encoding && t('sheet.encoding', { name: p.encoding })}
        {[...counts].map(([label, k]) => `，${label} ${k}`).join('')}。{p.why}
      </p>
      {(p.notes ?? []).map((x) => (
        <Alert key={x} type="warning" showIcon className="gap" title={x} />
      ))}
      {wrong.length > 0 && <Alert type="warning" showIcon className="gap" title={t('sheet.sums', { n: wrong.length })} description={wrong.slice(0, 5).map((x) => t('sheet.sum', { row: x.record, column: x.column ?? t('sheet.rowcount'), stated: x.stated, found: x.found })).join('；')} />}
      <div className="sheet-controls no-print">
        {!!p.entries?.length && (
          <label>
            {t('sheet.entry')}
            <Select value={p.entry} disabled={busy} aria-label={t('sheet.entry')} options={p.entries.map((e) => ({ value: e.name, label: e.name }))} onChange={(entry) => void look({ entry, from: 1 })} />
          </label>
        )}
        {book && (
          <label>
            {t('sheet.sheet')}
            <Select value={p.sheet} disabled={busy} aria-label={t('sheet.sheet')} options={(view.sheets ?? []).map((x) => ({ value: x.name, label: t('sheet.sheetrows', { name: x.name, n: integer(x.data_rows) }) }))} onChange={(sheet) => void look({ entry: part.entry, sheet, from: 1 })} />
          </label>
        )}
        {!own && (
          <>
            <label>
              {t('sheet.skip')}
              <InputNumber min={0} max={50} value={r.skip} disabled={busy} aria-label={t('sheet.skip')} onChange={(x) => x !== null && mend({ ...r, skip: x })} />
            </label>
            <label>
              {t('sheet.headers')}
              <InputNumber min={0} max={5} value={r.header} disabled={busy} aria-label={t('sheet.headers')} onChange={(x) => x !== null && mend({ ...r, header: x })} />
            </label>
          </>
        )}
        {book && (
          <Checkbox checked={r.merged === 'fill'} disabled={busy} onChange={(e) => mend({ ...r, merged: e.target.checked ? 'fill' : undefined })}>
            {t('sheet.fill')}
          </Checkbox>
        )}
        <label className="grow">
          {t('sheet.missing')}
          <Select mode="tags" value={r.missing ?? []} disabled={busy} aria-label={t('sheet.missing')} open={false} suffixIcon={null} onChange={(x: string[]) => mend({ ...r, missing: x.length ? x : undefined })} />
        </label>
      </div>
      {error !== undefined && <p role="alert" className="tone tone-bad">{errorText(error)}</p>}
      <Legend />
      <Watermark text={watermark}>
        <div aria-busy={busy} className={busy ? 'stale' : undefined}>
          <SheetGrid view={view} said={new Set((r.rows ?? []).map((x) => x.row))} book={book} disabled={busy || own} onChange={row} />
        </div>
      </Watermark>
      <p className="sheet-pages no-print">
        <Button size="small" disabled={busy || part.from <= 1} onClick={() => void look({ ...part, from: Math.max(1, part.from - size) })}>
          {t('sheet.prev')}
        </Button>
        <span>{view.rows.length ? t('sheet.range', { from: integer(view.rows[0]!.n), to: integer(view.rows[view.rows.length - 1]!.n) }) : t('sheet.norows')}</span>
        <Button size="small" disabled={busy || !view.more} onClick={() => void look({ ...part, from: (view.rows[view.rows.length - 1]?.n ?? part.from) + 1 })}>
          {t('sheet.next')}
        </Button>
        <span className="muted">{t('sheet.logged')}</span>
      </p>
      <SheetColumns columns={p.columns ?? []} says={says} disabled={busy} onSay={(name, say) => setSays((x) => ({ ...x, [name]: { ...x[name], ...say } }))} />
      <div className="sheet-confirm no-print">
        <Button type="primary" size="large" loading={busy} disabled={!p.data_rows} onClick={() => void confirm()}>
          {t('sheet.confirm')}
        </Button>
        <span className="muted" role="status">
          {done ? t('sheet.done') : t('sheet.confirm.text')}
        </span>
      </div>
    </section>
  )
}
