import { Alert, Button } from 'antd'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../api/client'
import { useMe } from '../api/hooks'
import type { LogEntry } from '../api/types'
import { t } from '../i18n'
import { datetime } from '../lib/format'
import { usePageTitle } from '../lib/page'
import { unbase64, verify, type Verdict } from '../lib/proof'
import { Clause, ErrorBox, Loading, PageHead, Toned } from '../ui/atoms'
import { Watermark } from '../ui/Watermark'
import { kindWord, LogObject } from './LogPage'

/** One entry, its body, and its proof, which this page works out anew. */
export default function LogEntryPage({ seq }: { seq: string }) {
  const me = useMe().data!
  const q = useQuery({ queryKey: ['log-entry', seq], queryFn: () => call<LogEntry>(`/api/log/${encodeURIComponent(seq)}`), staleTime: Infinity, refetchOnWindowFocus: false })
  const [verdict, setVerdict] = useState<Verdict>()
  usePageTitle(t('log.entry', { n: seq }), me.city.platform)
  const crumbs = [{ label: t('log'), to: '/log' }, { label: t('log.entry', { n: seq }) }]
  if (q.isPending) return <Loading rows={8} />
  const e = q.data
  if (!e) {
    return (
      <>
        <PageHead crumbs={crumbs} title={t('log.entry', { n: seq })} />
        <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
      </>
    )
  }
  const pair = (label: string, value: React.ReactNode) => (
    <div className="pair">
      <dt>{label}</dt>
      <dd>{value || <span className="muted">—</span>}</dd>
    </div>
  )
  const step = (label: string, ok: boolean | undefined) => (
    <li>
      <Toned tone={ok ? 'ok' : ok === false ? 'bad' : 'muted'}>{label}</Toned>
    </li>
  )
  return (
    <Watermark text={me.watermark}>
      <PageHead crumbs={crumbs} title={t('log.entry', { n: seq })} sub={`${kindWord(e.type)} · ${datetime(e.at)}`} />
      <section className="card" aria-label={t('log.facts')}>
        <h2>{t('log.facts')}</h2>
        <dl className="pairs">
          {pair(t('log.actor'), [e.actorName || e.actor, e.orgName].filter(Boolean).join(' · '))}
          {pair(t('log.type'), <code>{e.type}</code>)}
          {pair(t('log.action'), e.action && <code>{e.action}</code>)}
          {pair(t('log.about'), e.object && <LogObject of={e.object} name={e.objectName} />)}
          {(e.from || e.to) && pair(t('log.move'), `${e.from || '—'} → ${e.to || '—'}`)}
          {pair(t('log.result'), <Toned tone={e.result === 'refused' ? 'bad' : 'ok'}>{e.result === 'refused' ? t('log.refused') : t('log.done')}</Toned>)}
          {e.code && pair(t('log.code'), <code>{e.code}</code>)}
          {pair(t('log.clause'), e.clause && <Clause of={e.clause} />)}
          {Object.entries(e.detail ?? {}).map(([k, v]) => (
            <div className="pair" key={k}>
              <dt>
                {t('log.detail')} <code>{k}</code>
              </dt>
              <dd className="breakable">{v}</dd>
            </div>
          ))}
        </dl>
      </section>
      <section className="card" aria-label={t('log.proof')}>
        <h2>{t('log.proof')}</h2>
        {!e.proof ? (
          <Alert type="info" showIcon title={t('log.proof.none')} action={<Button size="small" loading={q.isFetching} onClick={() => void q.refetch()}>{t('retry')}</Button>} />
        ) : (
          <>
            <p className="muted">{t('log.verify.text')}</p>
            {!e.body && <p>{t('log.erased')}</p>}
            <p>
              <Button type="primary" onClick={() => setVerdict(verify(e))}>
                {t('log.verify')}
              </Button>
            </p>
            {verdict && (
              <div role="status" className="verdict">
                <Alert type={verdict.ok ? 'success' : 'error'} showIcon title={verdict.ok ? t('log.verify.ok') : t('log.verify.bad')} />
                <ul className="plain">
                  {step(t('log.verify.body'), verdict.body)}
                  {step(t('log.verify.path', { n: e.proof.size }), verdict.path)}
                  {step(t('log.verify.root'), verdict.root)}
                </ul>
              </div>
            )}
            <h3>{t('log.leaf')}</h3>
            <pre className="bytes">{new TextDecoder().decode(unbase64(e.proof.leaf))}</pre>
            <h3>{t('log.checkpoint')}</h3>
            <pre className="bytes">{e.proof.checkpoint}</pre>
          </>
        )}
      </section>
    </Watermark>
  )
}
