import { Input } from 'antd'
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useMe, useSearch } from '../api/hooks'
import { has, t } from '../i18n'
import { usePageTitle } from '../lib/page'
import { EmptyBox, ErrorBox, Loading, PageHead, SmartLink } from '../ui/atoms'

export default function SearchPage() {
  const { q = '' } = useAddress({ from: '/shell/search' })
  const navigate = useNavigate()
  const me = useMe().data!
  const [words, setWords] = useState(q)
  useEffect(() => setWords(q), [q])
  const found = useSearch(q)
  usePageTitle(q ? t('search.for', { q }) : t('search'), me.city.platform)
  const kinds = [...new Set((found.data ?? []).map((h) => h.kind))]
  const kindWord = (k: string) => (has(`search.kind.${k}`) ? t(`search.kind.${k}` as 'search.kind.case') : k)
  return (
    <>
      <PageHead crumbs={[{ label: t('work'), to: '/work' }, { label: t('search') }]} title={q ? t('search.for', { q }) : t('search')} />
      <div className="filters" role="search" aria-label={t('search')}>
        <Input.Search className="f-wide" value={words} onChange={(e) => setWords(e.target.value)} enterButton={t('query')} placeholder={t('search.placeholder')} aria-label={t('search.label')} onSearch={(v) => void navigate({ to: '/search', search: { q: v.trim() } })} />
      </div>
      {!q && <EmptyBox text={t('search.empty')} />}
      {q && found.isPending && <Loading rows={6} />}
      {found.isError && <ErrorBox error={found.error} retry={() => void found.refetch()} busy={found.isFetching} />}
      {found.data && !found.data.length && <EmptyBox text={t('search.none', { q })} />}
      {kinds.map((k) => (
        <section key={k} className="card" aria-label={kindWord(k)}>
          <h2>{kindWord(k)}</h2>
          <ul className="hits">
            {found.data!
              .filter((h) => h.kind === k)
              .map((h, i) => (
                <li key={i}>
                  <SmartLink to={h.path}>{h.title}</SmartLink>
                  <span className="muted">{h.subtitle}</span>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </>
  )
}
