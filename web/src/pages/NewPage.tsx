import { Input } from 'antd'
import { SearchOutlined } from '@ant-design/icons'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useMe, useProcedures } from '../api/hooks'
import type { ProcedureItem } from '../api/types'
import { t } from '../i18n'
import { usePageTitle } from '../lib/page'
import { Clause, EmptyBox, ErrorBox, Loading, PageHead } from '../ui/atoms'

/** Groups in the server's order; inside each, what may be started first. */
export function grouped(items: readonly ProcedureItem[], words: string): { title: string; items: ProcedureItem[] }[] {
  const w = words.trim().toLowerCase()
  const out: { title: string; items: ProcedureItem[] }[] = []
  for (const p of items) {
    if (w && !`${p.title}${p.group}${p.id}`.toLowerCase().includes(w)) continue
    const g = out.find((x) => x.title === p.group)
    if (g) g.items.push(p)
    else out.push({ title: p.group, items: [p] })
  }
  for (const g of out) g.items.sort((a, b) => Number(b.startable) - Number(a.startable))
  return out.sort((a, b) => Number(b.items.some((p) => p.startable)) - Number(a.items.some((p) => p.startable)))
}

export default function NewPage() {
  const search = useSearch({ from: '/shell/new' })
  const navigate = useNavigate()
  const q = useProcedures()
  const me = useMe().data!
  usePageTitle(t('new'), me.city.platform)
  const groups = grouped(q.data ?? [], search.q ?? '')
  return (
    <>
      <PageHead crumbs={[{ label: t('work'), to: '/work' }, { label: t('new') }]} title={t('new.choose')} sub={t('new.sub')} />
      <div className="filters">
        <Input className="f-q" allowClear prefix={<SearchOutlined aria-hidden />} value={search.q ?? ''} placeholder={t('new.q')} aria-label={t('new.q')} onChange={(e) => void navigate({ to: '/new', search: { q: e.target.value || undefined }, replace: true })} />
      </div>
      {q.isPending && <Loading rows={8} />}
      {q.isError && <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />}
      {q.data && !groups.length && <EmptyBox text={search.q ? t('empty.filtered') : t('new.none')} />}
      {groups.map((g) => (
        <section key={g.title} className="card" aria-label={g.title}>
          <h2>{g.title}</h2>
          <ul className="tiles">
            {g.items.map((p) => (
              <li key={p.id} className={p.startable ? 'tile' : 'tile closed'}>
                {p.startable ? (
                  <Link to="/new/$procedure" params={{ procedure: p.id }} className="tile-title">
                    {p.title}
                  </Link>
                ) : (
                  <span className="tile-title">{p.title}</span>
                )}
                <span className="tile-sub">
                  <Clause of={p.clause} />
                  <Link to="/help/$procedure" params={{ procedure: p.id }}>
                    {t('new.how')}
                  </Link>
                </span>
                {!p.startable && <p className="tile-why">{t('new.why', { why: p.why ?? t('new.why.unknown') })}</p>}
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  )
}
