import { Input } from 'antd'
import { SearchOutlined } from '@ant-design/icons'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useMe, useRegisters } from '../api/hooks'
import type { RegisterItem } from '../api/types'
import { t } from '../i18n'
import { integer } from '../lib/format'
import { usePageTitle } from '../lib/page'
import { Clause, EmptyBox, ErrorBox, Loading, PageHead } from '../ui/atoms'

export default function RegistersPage() {
  const search = useSearch({ from: '/shell/registers' })
  const navigate = useNavigate()
  const me = useMe().data!
  const q = useRegisters()
  usePageTitle(t('registers'), me.city.platform)
  const words = (search.q ?? '').trim().toLowerCase()
  const groups = new Map<string, RegisterItem[]>()
  for (const r of q.data ?? []) if (!words || `${r.title}${r.group}`.toLowerCase().includes(words)) groups.set(r.group, [...(groups.get(r.group) ?? []), r])
  return (
    <>
      <PageHead crumbs={[{ label: t('work'), to: '/work' }, { label: t('registers') }]} title={t('registers')} sub={t('registers.sub')} />
      <div className="filters">
        <Input className="f-q" allowClear prefix={<SearchOutlined aria-hidden />} value={search.q ?? ''} placeholder={t('registers.q')} aria-label={t('registers.q')} onChange={(e) => void navigate({ to: '/registers', search: { q: e.target.value || undefined }, replace: true })} />
      </div>
      {q.isPending && <Loading rows={8} />}
      {q.isError && <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />}
      {q.data && groups.size === 0 && <EmptyBox text={words ? t('empty.filtered') : t('registers.none')} />}
      {[...groups].map(([title, items]) => (
        <section key={title} className="card" aria-label={title}>
          <h2>{title}</h2>
          <ul className="tiles">
            {items.map((r) => (
              <li key={r.id} className="tile">
                <Link to="/registers/$id" params={{ id: r.id }} className="tile-title">
                  {r.title}
                </Link>
                <span className="tile-sub">
                  <Clause of={r.clause} />
                  {r.count !== undefined && <span>{t('registers.count', { n: integer(r.count) })}</span>}
                </span>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  )
}
