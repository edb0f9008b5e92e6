import { Button } from 'antd'
import { PrinterOutlined } from '@ant-design/icons'
import { Link } from '@tanstack/react-router'
import { url } from '../api/client'
import { useMe, useRegisterEntry, useRegisters } from '../api/hooks'
import { t } from '../i18n'
import { usePageTitle } from '../lib/page'
import { SectionView } from '../sections/SectionView'
import { benches } from '../panels/benches'
import { Clause, ErrorBox, Loading, PageHead, SmartLink } from '../ui/atoms'
import { CaseTable } from '../ui/CaseTable'
import { PrintHead } from '../ui/PrintHead'

/** One record: what the server declares about it, its cases, and what may be started from it. */
export default function EntryPage({ id, entry }: { id: string; entry: string }) {
  const q = useRegisterEntry(id, entry)
  const registers = useRegisters()
  const me = useMe().data!
  usePageTitle(q.data?.title ?? entry, me.city.platform)
  const list = registers.data?.find((r) => r.id === id)
  const crumbs = [{ label: t('registers'), to: '/registers' }, { label: list?.title ?? id, to: `/registers/${id}` }, { label: q.data?.title ?? entry }]
  if (q.isPending) return <Loading rows={8} />
  if (!q.data) {
    return (
      <>
        <PageHead crumbs={crumbs} title={entry} />
        <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
      </>
    )
  }
  const e = q.data
  const bench = benches[id]
  return (
    <>
      <PrintHead title={e.title} />
      <PageHead
        crumbs={crumbs}
        title={e.title}
        sub={
          <>
            {e.subtitle && <span>{e.subtitle} </span>}
            <Clause of={e.clause} />
          </>
        }
        extra={
          <>
            {bench && (
              <SmartLink to={bench.path(entry)} className="btn-link primary">
                {t(bench.label)}
              </SmartLink>
            )}
            {e.proof && (
              <a className="btn-link" href={url(e.proof.url)} target="_blank" rel="noopener noreferrer">
                {t('case.proof.seq', { n: e.proof.seq })}
              </a>
            )}
            <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
              {t('print')}
            </Button>
          </>
        }
      />
      {(e.sections ?? []).map((s, i) => (
        <SectionView key={i} section={s} context={{}} />
      ))}
      {!!e.cases?.length && (
        <section className="card" aria-label={t('entry.cases')}>
          <h2>{t('entry.cases')}</h2>
          <CaseTable caption={t('entry.cases')} rows={e.cases} />
        </section>
      )}
      {!!e.starts?.length && (
        <section className="card no-print" aria-label={t('entry.starts')}>
          <h2>{t('entry.starts')}</h2>
          <div className="start-links">
            {e.starts.map((s, i) => (
              <Link key={i} to="/new/$procedure" params={{ procedure: s.procedure }} search={s.prefill && Object.keys(s.prefill).length ? { form: JSON.stringify(s.prefill) } : {}} className="btn-link">
                {s.title}
              </Link>
            ))}
          </div>
        </section>
      )}
    </>
  )
}
