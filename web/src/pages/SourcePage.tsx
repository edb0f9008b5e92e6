import { Select } from 'antd'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { call, query } from '../api/client'
import { useMe } from '../api/hooks'
import type { Section, Tone } from '../api/types'
import { t } from '../i18n'
import { datetime, integer } from '../lib/format'
import { usePageTitle } from '../lib/page'
import { SectionView } from '../sections/SectionView'
import { ErrorBox, Loading, PageHead, SmartLink, Toned } from '../ui/atoms'
import { PrintHead } from '../ui/PrintHead'
import './source.css'

type Desk = { org: { id: string; name: string }; orgs: { id: string; name: string }[]; asOf: string; tiles: { label: string; value: number; tone?: Tone; href?: string }[]; sections: Section[] }

/** 数源工作台: what a department gives, owes, is asked, and who uses it. */
export default function SourcePage({ org }: { org?: string }) {
  const q = useQuery({ queryKey: ['source', org], queryFn: () => call<Desk>(`/api/source${query({ org })}`) })
  const me = useMe().data!
  const navigate = useNavigate()
  usePageTitle(t('source'), me.city.platform)
  const crumbs = [{ label: t('work'), to: '/work' }, { label: t('source') }]
  if (q.isPending) return <Loading rows={8} />
  if (!q.data)
    return (
      <>
        <PageHead crumbs={crumbs} title={t('source')} />
        <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
      </>
    )
  const d = q.data
  return (
    <>
      <PrintHead title={`${t('source')} ${d.org.name}`} />
      <PageHead
        crumbs={crumbs}
        title={t('source')}
        sub={
          <span className="case-sub">
            <span>{d.org.name}</span>
            <span className="muted">{t('source.asof', { at: datetime(d.asOf) })}</span>
          </span>
        }
        extra={d.orgs.length > 1 && <Select aria-label={t('source.org')} value={d.org.id} options={d.orgs.map((o) => ({ value: o.id, label: o.name }))} onChange={(id: string) => void navigate({ to: '/source', search: { org: id } })} />}
      />
      <ul className="tiles" aria-label={t('source.figures')}>
        {d.tiles.map((x) => (
          <li key={x.label}>
            {x.href ? <SmartLink to={x.href}>{x.label}</SmartLink> : <span>{x.label}</span>}
            <strong>
              <Toned tone={x.tone}>{integer(x.value)}</Toned>
            </strong>
          </li>
        ))}
      </ul>
      {d.sections.map((s) => (
        <SectionView key={s.title} section={s} context={{}} />
      ))}
    </>
  )
}
