import { Button, Input, Select } from 'antd'
import { PlusOutlined, PrinterOutlined } from '@ant-design/icons'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useCases, useMe, useProcedure, useProcedures } from '../api/hooks'
import { t, type Key } from '../i18n'
import { integer } from '../lib/format'
import { typing, usePageTitle } from '../lib/page'
import { EmptyBox, ErrorBox, Loading, PageHead } from '../ui/atoms'
import { CaseTable } from '../ui/CaseTable'
import { Pager } from '../ui/Pager'
import { PrintHead } from '../ui/PrintHead'

const tabs = ['todo', 'done', 'started', 'overdue', 'soon', 'supervised', 'all'] as const

export default function WorkPage() {
  const search = useSearch({ from: '/shell/work' })
  const navigate = useNavigate()
  const me = useMe().data!
  const tab = (tabs as readonly string[]).includes(search.tab ?? '') ? search.tab! : 'todo'
  const page = Math.max(1, Number(search.page ?? 1) || 1)
  const params = { tab, procedure: search.procedure, state: search.state, q: search.q, cursor: search.cursor, size: 20 }
  const cases = useCases(params)
  const procedures = useProcedures()
  const procedure = useProcedure(search.procedure)
  const [words, setWords] = useState(search.q ?? '')
  const region = useRef<HTMLDivElement>(null)
  usePageTitle(t('work'), me.city.platform)

  useEffect(() => setWords(search.q ?? ''), [search.q])

  const set = (patch: Record<string, string | undefined>) => void navigate({ to: '/work', search: { ...search, cursor: undefined, page: undefined, ...patch } })

  // j and k walk through the rows, Enter opens: the list is worked without a mouse
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if ((e.key !== 'j' && e.key !== 'k') || typing(e) || e.ctrlKey || e.metaKey || document.querySelector('.ant-modal-wrap')) return
      const links = [...(region.current?.querySelectorAll<HTMLElement>('a.row-link') ?? [])]
      if (!links.length) return
      const at = links.indexOf(document.activeElement as HTMLElement)
      links[Math.min(links.length - 1, Math.max(0, at + (e.key === 'j' ? 1 : -1)))]?.focus()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])

  const counts: Partial<Record<string, number>> = { todo: me.counts.todo, overdue: me.counts.overdue, soon: me.counts.soon }
  if (cases.data?.total !== undefined && !cases.isPlaceholderData && !search.procedure && !search.q && !search.state) counts[tab] = cases.data.total
  const filtered = !!(search.procedure || search.q || search.state)

  return (
    <>
      <PrintHead title={`${t('work')} · ${t(`work.${tab}` as Key)}`} />
      <PageHead
        crumbs={[{ label: t('work') }]}
        title={t('work')}
        extra={
          <>
            <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
              {t('print')}
            </Button>
            <Button type="primary" icon={<PlusOutlined />} onClick={() => void navigate({ to: '/new' })}>
              {t('new')}
            </Button>
          </>
        }
      />
      <nav className="tabs no-print" aria-label={t('work.tabs')}>
        {tabs.map((x) => (
          <Link key={x} to="/work" search={{ tab: x }} className={x === tab ? 'active' : ''} aria-current={x === tab ? 'page' : undefined} activeProps={{}}>
            {t(`work.${x}` as Key)}
            {counts[x] !== undefined && <span className={`count ${x === 'overdue' && counts[x]! > 0 ? 'bad' : ''}`}>{integer(counts[x])}</span>}
          </Link>
        ))}
      </nav>
      <form
        className="filters no-print"
        role="search"
        aria-label={t('filters')}
        onSubmit={(e) => {
          e.preventDefault()
          set({ q: words.trim() || undefined })
        }}
      >
        <Input className="f-q" allowClear value={words} placeholder={t('work.q')} aria-label={t('work.q')} onChange={(e) => { setWords(e.target.value); if (e.target.value === '' && search.q) set({ q: undefined }) }} />
        <Select
          className="f-procedure"
          allowClear
          showSearch={{ optionFilterProp: 'label' }}
          aria-label={t('cases.procedure')}
          placeholder={t('work.procedure.any')}
          value={search.procedure}
          onChange={(v) => set({ procedure: v, state: undefined })}
          options={(procedures.data ?? []).map((p) => ({ value: p.id, label: p.title }))}
        />
        {search.procedure && (
          <Select
            className="f-state"
            allowClear
            aria-label={t('cases.state')}
            placeholder={t('work.state.any')}
            value={search.state}
            onChange={(v) => set({ state: v })}
            options={(procedure.data?.states ?? []).map((s) => ({ value: s.id, label: s.label }))}
          />
        )}
        <Button htmlType="submit">{t('query')}</Button>
        {filtered && <Button type="link" onClick={() => set({ q: undefined, procedure: undefined, state: undefined })}>{t('filters.clear')}</Button>}
      </form>
      <div ref={region}>
        {cases.isError && <ErrorBox error={cases.error} retry={() => void cases.refetch()} busy={cases.isFetching} />}
        {cases.isPending ? (
          <Loading rows={8} />
        ) : (
          cases.data && (
            <>
              <CaseTable
                caption={t(`work.${tab}` as Key)}
                rows={cases.data.items ?? []}
                busy={cases.isPlaceholderData}
                empty={
                  <EmptyBox text={filtered ? t('empty.filtered') : t(`empty.${tab}` as Key)}>
                    {filtered ? <Button onClick={() => set({ q: undefined, procedure: undefined, state: undefined })}>{t('filters.clear')}</Button> : tab === 'todo' || tab === 'started' ? <Link to="/new" className="btn-link">{t('new')}</Link> : null}
                  </EmptyBox>
                }
              />
              <Pager
                list={JSON.stringify({ ...params, cursor: undefined })}
                page={page}
                cursor={search.cursor}
                next={cases.data.next}
                total={cases.data.total}
                shown={cases.data.items?.length ?? 0}
                go={(n, cursor) => void navigate({ to: '/work', search: { ...search, page: n > 1 ? String(n) : undefined, cursor } })}
              />
            </>
          )
        )}
      </div>
      <p className="hint-keys muted no-print only-wide">{t('work.keys')}</p>
    </>
  )
}
