import { Button, Input, Popover } from 'antd'
import { MessageOutlined, PrinterOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { newKey, url } from '../api/client'
import { useMe } from '../api/hooks'
import { kindOf, kinds, useLed, useLeader, usePressed, type Kind, type Leader, type LeaderUnit, type LedRow, type Pressed } from '../api/leader'
import type { Case } from '../api/types'
import { act } from '../case/act'
import { t, type Key } from '../i18n'
import { datetime, integer } from '../lib/format'
import { usePageTitle } from '../lib/page'
import { DocumentPreview } from '../sections/DocumentView'
import { DueMark, EmptyBox, ErrorBox, Loading, PageHead } from '../ui/atoms'
import { DataTable, RowLink } from '../ui/DataTable'
import { Pager } from '../ui/Pager'
import { PrintHead } from '../ui/PrintHead'

/** 督办一览: what is open, what is late, in which unit, and one act to press it. */
export default function LeaderPage() {
  const search = useSearch({ from: '/shell/leader' })
  const navigate = useNavigate()
  const q = useLeader()
  const me = useMe().data!
  const title = t(q.data && !q.data.supervise ? 'leader.own' : 'leader')
  usePageTitle(title, me.city.platform)
  const crumbs = [{ label: t('work'), to: '/work' }, { label: title, ...(search.view === 'weekly' ? { to: '/leader' } : {}) }]

  if (search.view === 'weekly') {
    return (
      <>
        <PageHead
          crumbs={[...crumbs, { label: t('leader.weekly') }]}
          title={t('leader.weekly')}
          extra={
            <>
              <a className="btn-link" href={url('/api/leader/weekly/weekly.pdf')} target="_blank" rel="noopener noreferrer">
                PDF
              </a>
              <Button type="primary" icon={<PrinterOutlined />} onClick={() => window.print()}>
                {t('print')}
              </Button>
            </>
          }
        />
        <section className="card">
          <DocumentPreview path="/api/leader/weekly/weekly.html" title={t('leader.weekly')} />
        </section>
      </>
    )
  }
  if (q.isPending) return <Loading rows={8} />
  if (!q.data) {
    return (
      <>
        <PageHead crumbs={crumbs} title={title} />
        <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
      </>
    )
  }
  const d = q.data
  const kind = kindOf(search.kind)
  const unit = d.units.find((u) => u.org.id === search.unit)
  return (
    <>
      <PrintHead title={title} />
      <PageHead
        crumbs={crumbs}
        title={title}
        sub={t('leader.asof', { at: datetime(d.asOf) })}
        extra={
          <>
            <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
              {t('print')}
            </Button>
            <Link to="/leader" search={{ view: 'weekly' }} className="btn-link">
              {t('leader.weekly')}
            </Link>
          </>
        }
      />
      {q.isError && <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />}
      <ul className="totals">
        <Total label={t('leader.open')} n={d.totals.open} kind="open" />
        <Total label={t('leader.soon')} n={d.totals.soon} tone="warn" kind="soon" />
        <Total label={t('leader.overdue')} n={d.totals.overdue} tone="bad" kind="overdue" />
        <Total label={t('leader.closed')} n={d.totals.closedThisWeek} tone="ok" />
      </ul>
      <Units d={d} unit={unit} kind={kind} />
      <section className="card" aria-label={t('leader.lists')}>
        <nav className="tabs no-print" aria-label={t('leader.lists')}>
          {kinds.map((k) => (
            <Link key={k} to="/leader" search={{ kind: k, unit: search.unit }} className={k === kind ? 'active' : ''} aria-current={k === kind ? 'page' : undefined} activeProps={{}}>
              {t(`leader.${k}` as Key)}
              {k !== 'pressed' && <span className={`count ${k === 'overdue' && (unit ?? d.totals).overdue > 0 ? 'bad' : ''}`}>{integer((unit ?? d.totals)[k])}</span>}
            </Link>
          ))}
        </nav>
        {unit && (
          <p className="filters-set">
            {t('leader.unit', { org: unit.org.name })}{' '}
            <Button size="small" type="link" onClick={() => void navigate({ to: '/leader', search: { kind } })}>
              {t('filters.clear')}
            </Button>
          </p>
        )}
        {kind === 'pressed' ? <PressedList unit={search.unit} /> : <LedList key={kind} kind={kind} unit={search.unit} supervise={d.supervise} />}
      </section>
    </>
  )
}

function Total({ label, n, tone, kind }: { label: string; n: number; tone?: string; kind?: Kind }) {
  const inner = (
    <>
      <span className="total-label">{label}</span>
      <strong className={tone && n ? `tone-${tone}` : ''}>{integer(n)}</strong>
    </>
  )
  return <li>{kind ? <Link to="/leader" search={{ kind }} activeProps={{}}>{inner}</Link> : <span>{inner}</span>}</li>
}

function Units({ d, unit, kind }: { d: Leader; unit?: LeaderUnit; kind: Kind }) {
  const most = Math.max(1, ...d.units.map((u) => u.open))
  const figure = (u: LeaderUnit, k: 'open' | 'soon' | 'overdue', tone?: string) =>
    u[k] ? (
      <Link to="/leader" search={{ unit: u.org.id, kind: k }} activeProps={{}} className={tone ? `tone tone-${tone}` : undefined} aria-label={t('leader.figure', { org: u.org.name, kind: t(`leader.${k}` as Key), n: u[k] })}>
        {integer(u[k])}
      </Link>
    ) : (
      integer(0)
    )
  return (
    <section className="card" aria-label={t('leader.units')}>
      <header className="card-head">
        <h2>{t('leader.units')}</h2>
        <p className="legend" aria-hidden>
          <span className="swatch bad" /> {t('due.overdue')} <span className="swatch warn" /> {t('due.soon')} <span className="swatch ok" /> {t('due.ok')}
        </p>
      </header>
      <DataTable
        caption={t('leader.units')}
        rows={d.units}
        rowKey={(u) => u.org.id}
        rowClass={(u) => (u.org.id === unit?.org.id ? 'selected' : undefined)}
        empty={<EmptyBox text={t('leader.none')} />}
        columns={[
          {
            key: 'org',
            label: t('leader.owing'),
            primary: true,
            width: 160,
            render: (u) => (
              <Link to="/leader" search={{ kind, unit: u.org.id === unit?.org.id ? undefined : u.org.id }} className="row-link" activeProps={{}}>
                {u.org.name}
              </Link>
            ),
          },
          { key: 'bar', label: t('leader.bar'), width: 220, render: (u) => <Bar u={u} most={most} /> },
          { key: 'open', label: t('leader.open'), right: true, render: (u) => figure(u, 'open') },
          { key: 'soon', label: t('leader.soon'), right: true, render: (u) => figure(u, 'soon', 'warn') },
          { key: 'overdue', label: t('leader.overdue'), right: true, render: (u) => figure(u, 'overdue', 'bad') },
          { key: 'oldest', label: t('leader.oldest'), right: true, render: (u) => (u.oldestDays > 0 ? t('leader.days', { n: u.oldestDays }) : '—') },
        ]}
      />
    </section>
  )
}

/** Late, soon and in time as parts of one bar; the figures stand in the columns beside it. */
function Bar({ u, most }: { u: LeaderUnit; most: number }) {
  const w = (n: number) => `${(Math.max(0, n) / most) * 100}%`
  return (
    <span className="unit-bar" role="img" aria-label={t('leader.bar.label', { open: u.open, soon: u.soon, overdue: u.overdue })}>
      <span className="bad" style={{ width: w(u.overdue) }} />
      <span className="warn" style={{ width: w(u.soon) }} />
      <span className="ok" style={{ width: w(u.open - u.soon - u.overdue) }} />
    </span>
  )
}

const size = 20

/** The place in a list that the address names, and how to move on. */
function usePlace() {
  const search = useSearch({ from: '/shell/leader' })
  const navigate = useNavigate()
  return {
    cursor: search.cursor,
    page: Math.max(1, Number(search.page ?? 1) || 1),
    go: (page: number, cursor: string | undefined) => void navigate({ to: '/leader', search: { ...search, page: page > 1 ? String(page) : undefined, cursor } }),
  }
}

const titled = (r: LedRow | Pressed, tags?: boolean) => (
  <>
    <RowLink to="/cases/$no" params={{ no: r.no }}>
      {r.title}
    </RowLink>
    <span className="row-sub">
      <code>{r.no}</code>
      {tags && r.supervised && <span className="tag tag-bad">{t('leader.pressed.tag')}</span>}
      {tags && r.urged > 0 && <span className="tag tag-warn">{t('cases.urged', { n: r.urged })}</span>}
    </span>
  </>
)

function LedList({ kind, unit, supervise }: { kind: Kind; unit?: string; supervise: boolean }) {
  const { cursor, page, go } = usePlace()
  const q = useLed(kind, { unit, cursor, size })
  if (q.isPending) return <Loading rows={5} />
  if (!q.data) return <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
  return (
    <>
      <DataTable
        caption={t(`leader.${kind}` as Key)}
        rows={q.data.items}
        busy={q.isPlaceholderData}
        rowKey={(r) => r.no}
        empty={<EmptyBox text={t(kind === 'overdue' ? 'leader.nolate' : 'leader.none')} />}
        columns={[
          { key: 'title', label: t('cases.title'), primary: true, width: 220, render: (r) => titled(r, true) },
          { key: 'procedure', label: t('cases.procedure'), minor: true, render: (r) => r.procedureTitle },
          { key: 'state', label: t('cases.state'), render: (r) => <span className="state">{r.stateLabel}</span> },
          { key: 'due', label: t('cases.due'), width: 130, render: (r) => <DueMark due={r.due} /> },
          { key: 'owner', label: t('leader.owing'), render: (r) => r.ownerLabel || '—' },
          ...(supervise ? [{ key: 'act', label: t('actions'), width: 104, render: (r: LedRow) => <Press r={r} /> }] : []),
        ]}
      />
      <Pager list={`leader/${kind}/${unit ?? ''}`} page={page} cursor={cursor} next={q.data.next} shown={q.data.items.length} go={go} />
    </>
  )
}

function PressedList({ unit }: { unit?: string }) {
  const { cursor, page, go } = usePlace()
  const q = usePressed(true, { unit, cursor, size })
  if (q.isPending) return <Loading rows={5} />
  if (!q.data) return <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
  return (
    <>
      <DataTable
        caption={t('leader.pressed')}
        rows={q.data.items}
        busy={q.isPlaceholderData}
        rowKey={(r) => r.no + r.pressed.at}
        empty={<EmptyBox text={t('leader.pressed.none')} />}
        columns={[
          { key: 'title', label: t('cases.title'), primary: true, width: 220, render: (r) => titled(r) },
          {
            key: 'pressed',
            label: t('leader.press'),
            width: 170,
            render: (r) => (
              <>
                <span className="nowrap">{datetime(r.pressed.at)}</span>
                <span className="row-sub">{[r.pressed.org, r.pressed.by].filter(Boolean).join(' ')}</span>
                {r.pressed.word && <q>{r.pressed.word}</q>}
              </>
            ),
          },
          {
            key: 'answer',
            label: t('leader.answer'),
            width: 170,
            render: (r) =>
              r.answer ? (
                <>
                  <span className="tone tone-ok">{r.answer.label}</span> <span className="nowrap">{datetime(r.answer.at)}</span>
                  <span className="row-sub">{r.answer.org}</span>
                </>
              ) : (
                <span className="tone tone-bad">{t('leader.unanswered')}</span>
              ),
          },
          { key: 'waited', label: t('leader.waited'), right: true, width: 92, render: (r) => <span className="nowrap">{r.waitedDays < 0 ? t('due.unresolved') : t('leader.days', { n: r.waitedDays })}</span> },
          { key: 'state', label: t('cases.state'), minor: true, render: (r) => <span className="state">{r.stateLabel}</span> },
          { key: 'owner', label: t('leader.owing'), minor: true, render: (r) => r.ownerLabel || '—' },
        ]}
      />
      <Pager list={`leader/pressed/${unit ?? ''}`} page={page} cursor={cursor} next={q.data.next} shown={q.data.items.length} go={go} />
    </>
  )
}

/** 督办 from the row: one click, or a word first. A case that moved meanwhile says so here. */
function Press({ r }: { r: LedRow }) {
  const client = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [open, setOpen] = useState(false)
  const [word, setWord] = useState('')
  const [failed, setFailed] = useState<unknown>()
  const [done, setDone] = useState(false)
  const send = async () => {
    setBusy(true)
    setFailed(undefined)
    try {
      await act<Case>(r.no, 'supervise', r.etag, word.trim() ? { opinion: word.trim() } : {}, newKey(), false)
      setOpen(false)
      setWord('')
      setDone(true)
    } catch (e) {
      setFailed(e)
    } finally {
      setBusy(false)
      for (const k of [['leader'], ['cases'], ['case', r.no]]) void client.invalidateQueries({ queryKey: k })
    }
  }
  return (
    <span className="press no-print">
      <Button size="small" loading={busy} onClick={() => void send()} aria-label={t('leader.press.this', { title: r.title })}>
        {t('leader.press')}
      </Button>
      <Popover
        trigger="click"
        open={open}
        onOpenChange={setOpen}
        title={t('leader.word')}
        content={
          <form
            className="press-word"
            onSubmit={(e) => {
              e.preventDefault()
              void send()
            }}
          >
            <Input.TextArea value={word} onChange={(e) => setWord(e.target.value)} maxLength={500} rows={3} autoFocus aria-label={t('leader.word')} />
            <Button type="primary" htmlType="submit" loading={busy}>
              {t('leader.press')}
            </Button>
          </form>
        }
      >
        <Button size="small" type="text" icon={<MessageOutlined />} aria-label={t('leader.word.this', { title: r.title })} title={t('leader.word')} />
      </Popover>
      <span role="status">{done && !failed && <span className="row-sub tone-ok">{t('leader.press.done')}</span>}</span>
      {failed !== undefined && <ErrorBox error={failed} />}
    </span>
  )
}
