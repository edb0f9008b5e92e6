import { Button, Popconfirm, Progress } from 'antd'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../api/client'
import { useJobs, useMe } from '../api/hooks'
import type { Job } from '../api/types'
import { t } from '../i18n'
import { datetime, integer } from '../lib/format'
import { usePageTitle } from '../lib/page'
import { EmptyBox, ErrorBox, Loading, PageHead, SmartLink, Toned } from '../ui/atoms'
import { DataTable } from '../ui/DataTable'

const tones = { queued: 'muted', running: 'warn', done: 'ok', failed: 'bad', cancelled: 'muted' } as const

/** Long work goes on without the page; this only watches it. */
export default function JobsPage() {
  const q = useJobs()
  const client = useQueryClient()
  const me = useMe().data!
  const [error, setError] = useState<unknown>()
  usePageTitle(t('jobs'), me.city.platform)
  const send = (j: Job, act: 'cancel' | 'resume') => {
    setError(undefined)
    call(`/api/jobs/${encodeURIComponent(j.id)}/${act}`, { method: 'POST' }).then(() => client.invalidateQueries({ queryKey: ['jobs'] }), setError)
  }
  return (
    <>
      <PageHead crumbs={[{ label: t('work'), to: '/work' }, { label: t('jobs') }]} title={t('jobs')} sub={t('jobs.sub')} />
      {error !== undefined && <ErrorBox error={error} />}
      {q.isError && <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />}
      {q.isPending && <Loading rows={6} />}
      {q.data && (
        <DataTable
          caption={t('jobs')}
          rows={q.data}
          rowKey={(j) => j.id}
          empty={<EmptyBox text={t('jobs.none')} />}
          columns={[
            { key: 'title', label: t('jobs.title'), primary: true, render: (j) => (j.caseNo ? <SmartLink to={`/cases/${j.caseNo}`}>{j.title}</SmartLink> : j.title) },
            { key: 'state', label: t('jobs.state'), render: (j) => <Toned tone={tones[j.state]}>{t(`jobs.${j.state}`)}</Toned> },
            {
              key: 'progress',
              label: t('jobs.progress'),
              width: 200,
              render: (j) =>
                j.state === 'running' || j.state === 'queued' ? (
                  <>
                    <Progress percent={j.total > 0 ? Math.min(100, Math.round((j.done * 100) / j.total)) : 0} size="small" aria-label={t('jobs.progress')} />
                    <span className="row-sub">
                      {j.step} {j.total > 0 && `${integer(j.done)}/${integer(j.total)}`}
                    </span>
                  </>
                ) : j.error ? (
                  <span className="field-error">{j.error}</span>
                ) : (
                  <span className="muted">{j.step || (j.total > 0 ? `${integer(j.done)}/${integer(j.total)}` : '—')}</span>
                ),
            },
            { key: 'started', label: t('jobs.started'), render: (j) => <span className="nowrap">{datetime(j.startedAt) || '—'}</span> },
            { key: 'finished', label: t('jobs.finished'), render: (j) => <span className="nowrap">{j.finishedAt ? datetime(j.finishedAt) : '—'}</span> },
            {
              key: 'act',
              label: t('actions'),
              render: (j) => {
                if (j.cancelling && (j.state === 'running' || j.state === 'queued')) return <span className="muted">{t('jobs.cancelling')}</span>
                if (j.state === 'running' || j.state === 'queued') {
                  return (
                    <Popconfirm title={t('jobs.cancel.sure', { title: j.title })} okText={t('jobs.cancel')} cancelText={t('no')} onConfirm={() => send(j, 'cancel')}>
                      <Button size="small" aria-label={t('jobs.cancel.this', { title: j.title })}>
                        {t('jobs.cancel')}
                      </Button>
                    </Popconfirm>
                  )
                }
                if (j.resumable) {
                  return (
                    <Button size="small" onClick={() => send(j, 'resume')} aria-label={t('jobs.resume.this', { title: j.title })}>
                      {t('jobs.resume')}
                    </Button>
                  )
                }
                const to = typeof j.result === 'string' ? j.result : j.result?.url
                return to && to.startsWith('/') ? <SmartLink to={to}>{(typeof j.result === 'object' && j.result?.title) || t('jobs.result')}</SmartLink> : <span className="muted">{typeof j.result === 'string' ? j.result : '—'}</span>
              },
            },
          ]}
        />
      )}
    </>
  )
}
