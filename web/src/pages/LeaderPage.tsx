import { Button, Modal } from 'antd'
import { PrinterOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { url } from '../api/client'
import { caseKey, useCase, useLeader, useMe } from '../api/hooks'
import type { CaseRow, LeaderUnit } from '../api/types'
import { ActionDialog } from '../case/ActionDialog'
import { ShelfProvider } from '../form/files'
import { t } from '../i18n'
import { datetime, integer } from '../lib/format'
import { usePageTitle } from '../lib/page'
import { DocumentPreview } from '../sections/DocumentView'
import { Clause, DueMark, EmptyBox, ErrorBox, Loading, PageHead } from '../ui/atoms'
import { DataTable, RowLink } from '../ui/DataTable'
import { PrintHead } from '../ui/PrintHead'

/** 督办看板: what is open, what is late, in which unit, and one act to press it. */
export default function LeaderPage() {
  const search = useSearch({ from: '/shell/leader' })
  const navigate = useNavigate()
  const q = useLeader()
  const me = useMe().data!
  const [pressing, setPressing] = useState<string>()
  usePageTitle(t('leader'), me.city.platform)
  const crumbs = [{ label: t('work'), to: '/work' }, { label: t('leader'), ...(search.view === 'weekly' ? { to: '/leader' } : {}) }]

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
        <PageHead crumbs={crumbs} title={t('leader')} />
        <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
      </>
    )
  }
  const d = q.data
  const most = Math.max(1, ...d.units.map((u) => u.open))
  const unit = d.units.find((u) => u.org.id === search.unit)
  const units = [...d.units].sort((a, b) => b.overdue - a.overdue || b.soon - a.soon || b.open - a.open)
  const late = (unit ? [unit] : units).filter((u) => u.cases?.length)
  return (
    <>
      <PrintHead title={t('leader')} />
      <PageHead
        crumbs={crumbs}
        title={t('leader')}
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
        <Total label={t('leader.open')} n={d.totals.open} to={{ tab: 'all' }} />
        <Total label={t('leader.soon')} n={d.totals.soon} tone="warn" to={{ tab: 'soon' }} />
        <Total label={t('leader.overdue')} n={d.totals.overdue} tone="bad" to={{ tab: 'overdue' }} />
        <Total label={t('leader.closed')} n={d.totals.closedThisWeek} tone="ok" />
      </ul>
      <section className="card" aria-label={t('leader.units')}>
        <header className="card-head">
          <h2>{t('leader.units')}</h2>
          <p className="legend" aria-hidden>
            <span className="swatch bad" /> {t('due.overdue')} <span className="swatch warn" /> {t('due.soon')} <span className="swatch ok" /> {t('due.ok')}
          </p>
        </header>
        <DataTable
          caption={t('leader.units')}
          rows={units}
          rowKey={(u) => u.org.id}
          rowClass={(u) => (u.org.id === unit?.org.id ? 'selected' : undefined)}
          empty={<EmptyBox text={t('leader.none')} />}
          columns={[
            {
              key: 'org',
              label: t('cases.org'),
              primary: true,
              width: 160,
              render: (u) => (
                <Link to="/leader" search={{ unit: u.org.id === unit?.org.id ? undefined : u.org.id }} className="row-link" activeProps={{}}>
                  {u.org.name}
                </Link>
              ),
            },
            { key: 'bar', label: t('leader.bar'), width: 220, render: (u) => <Bar u={u} most={most} /> },
            { key: 'open', label: t('leader.open'), right: true, render: (u) => integer(u.open) },
            { key: 'soon', label: t('leader.soon'), right: true, render: (u) => <span className={u.soon ? 'tone tone-warn' : ''}>{integer(u.soon)}</span> },
            { key: 'overdue', label: t('leader.overdue'), right: true, render: (u) => <span className={u.overdue ? 'tone tone-bad' : ''}>{integer(u.overdue)}</span> },
            { key: 'oldest', label: t('leader.oldest'), right: true, render: (u) => (u.oldestDays > 0 ? t('leader.days', { n: u.oldestDays }) : '—') },
          ]}
        />
      </section>
      {late.map((u) => (
        <section key={u.org.id} className="card" aria-label={u.org.name}>
          <header className="card-head">
            <h2>{t('leader.late', { org: u.org.name, n: u.cases.length })}</h2>
          </header>
          <LateCases rows={u.cases} press={setPressing} caption={u.org.name} />
        </section>
      ))}
      {!late.length && <EmptyBox text={t('leader.nolate')}>{unit && <Button onClick={() => void navigate({ to: '/leader', search: {} })}>{t('filters.clear')}</Button>}</EmptyBox>}
      {pressing && <Press no={pressing} close={() => setPressing(undefined)} />}
    </>
  )
}

function Total({ label, n, tone, to }: { label: string; n: number; tone?: string; to?: Record<string, string> }) {
  const inner = (
    <>
      <span className="total-label">{label}</span>
      <strong className={tone && n ? `tone-${tone}` : ''}>{integer(n)}</strong>
    </>
  )
  return <li>{to ? <Link to="/work" search={to}>{inner}</Link> : <span>{inner}</span>}</li>
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

function LateCases({ rows, press, caption }: { rows: CaseRow[]; press: (no: string) => void; caption: string }) {
  return (
    <DataTable
      caption={caption}
      rows={rows}
      rowKey={(r) => r.no}
      columns={[
        {
          key: 'title',
          label: t('cases.title'),
          primary: true,
          width: 220,
          render: (r) => (
            <>
              <RowLink to="/cases/$no" params={{ no: r.no }}>
                {r.title}
              </RowLink>
              <span className="row-sub">
                <code>{r.no}</code>
                {r.urged > 0 && <span className="tag tag-warn">{t('cases.urged', { n: r.urged })}</span>}
              </span>
            </>
          ),
        },
        { key: 'procedure', label: t('cases.procedure'), render: (r) => r.procedureTitle },
        { key: 'state', label: t('cases.state'), render: (r) => <span className="state">{r.stateLabel}</span> },
        { key: 'due', label: t('cases.due'), render: (r) => <DueMark due={r.due} /> },
        { key: 'owner', label: t('cases.owner'), render: (r) => r.ownerLabel || '—' },
        {
          key: 'act',
          label: t('actions'),
          render: (r) => (
            <Button size="small" className="no-print" onClick={() => press(r.no)} aria-label={t('leader.press.this', { title: r.title })}>
              {t('leader.press')}
            </Button>
          ),
        },
      ]}
    />
  )
}

/** Reads the case for its revision and its offer, then it is an act like any other. */
function Press({ no, close }: { no: string; close: () => void }) {
  const client = useQueryClient()
  const q = useCase(no)
  const offer = q.data?.offers.find((o) => o.action === 'supervise')
  if (!q.data || !offer?.allowed) {
    return (
      <Modal open title={t('leader.press')} onCancel={close} footer={<Button onClick={close}>{t('close')}</Button>}>
        {q.isPending ? (
          <Loading rows={2} />
        ) : q.isError ? (
          <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
        ) : (
          <>
            <p>{offer?.refusal?.message ?? t('leader.press.not')}</p>
            <Clause of={offer?.refusal?.clause} />
          </>
        )}
      </Modal>
    )
  }
  return (
    <ShelfProvider known={[]}>
      <ActionDialog
        c={q.data}
        offer={offer}
        gone={false}
        form={q.data.form}
        onFormProblems={() => undefined}
        onReload={() => q.refetch()}
        onClose={close}
        onDone={(next) => {
          if (next?.no) client.setQueryData(caseKey(no), next)
          for (const k of ['leader', 'cases', 'me']) void client.invalidateQueries({ queryKey: [k] })
          close()
        }}
      />
    </ShelfProvider>
  )
}
