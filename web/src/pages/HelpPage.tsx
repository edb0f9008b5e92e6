import { Input } from 'antd'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useMe, useProcedures } from '../api/hooks'
import { glossary } from '../help/glossary'
import { t } from '../i18n'
import { usePageTitle } from '../lib/page'
import { Clause, EmptyBox, ErrorBox, Loading, PageHead } from '../ui/atoms'
import { grouped } from './NewPage'

const keys = [
  ['/', 'help.key.search'],
  ['j / k', 'help.key.rows'],
  ['Enter', 'help.key.open'],
  ['Esc', 'help.key.close'],
  ['Tab', 'help.key.tab'],
] as const

export default function HelpPage() {
  const search = useSearch({ from: '/shell/help' })
  const navigate = useNavigate()
  const me = useMe().data!
  const q = useProcedures()
  usePageTitle(t('help'), me.city.platform)
  const words = (search.q ?? '').trim().toLowerCase()
  const terms = glossary.filter((g) => !words || `${g.zh}${g.en}${g.text}`.toLowerCase().includes(words))
  const groups = grouped(q.data ?? [], search.q ?? '')
  return (
    <>
      <PageHead crumbs={[{ label: t('work'), to: '/work' }, { label: t('help') }]} title={t('help')} sub={t('help.sub')} />
      <div className="filters">
        <Input className="f-q" allowClear value={search.q ?? ''} placeholder={t('help.q')} aria-label={t('help.q')} onChange={(e) => void navigate({ to: '/help', search: { q: e.target.value || undefined }, replace: true })} />
      </div>
      <section className="card" aria-label={t('help.procedures')}>
        <h2>{t('help.procedures')}</h2>
        <p className="muted">{t('help.procedures.text')}</p>
        {q.isPending && <Loading rows={4} />}
        {q.isError && <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />}
        {groups.map((g) => (
          <div key={g.title} className="help-group">
            <h3>{g.title}</h3>
            <ul className="help-list">
              {g.items.map((p) => (
                <li key={p.id}>
                  <Link to="/help/$procedure" params={{ procedure: p.id }}>
                    {p.title}
                  </Link>
                  <Clause of={p.clause} />
                </li>
              ))}
            </ul>
          </div>
        ))}
        {q.data && !groups.length && <EmptyBox text={t('empty.filtered')} />}
      </section>
      <section className="card" aria-label={t('help.glossary')}>
        <h2>{t('help.glossary')}</h2>
        {terms.length ? (
          <dl className="glossary">
            {terms.map((g) => (
              <div key={g.zh}>
                <dt>
                  {g.zh} <span lang="en">{g.en}</span>
                </dt>
                <dd>{g.text}</dd>
              </div>
            ))}
          </dl>
        ) : (
          <EmptyBox text={t('empty.filtered')} />
        )}
      </section>
      <section className="card" aria-label={t('help.keys')}>
        <h2>{t('help.keys')}</h2>
        <dl className="keys">
          {keys.map(([k, label]) => (
            <div key={k}>
              <dt>
                <kbd>{k}</kbd>
              </dt>
              <dd>{t(label)}</dd>
            </div>
          ))}
        </dl>
      </section>
    </>
  )
}
