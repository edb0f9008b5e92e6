import { Button, DatePicker, Input, Select } from 'antd'
import dayjs from 'dayjs'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { call, query } from '../api/client'
import { useMe } from '../api/hooks'
import type { LogLeaf } from '../api/types'
import { has, t, type Key } from '../i18n'
import { usePageTitle } from '../lib/page'
import { datetime } from '../lib/format'
import { EmptyBox, ErrorBox, Loading, PageHead, SmartLink, Toned } from '../ui/atoms'
import { DataTable, RowLink } from '../ui/DataTable'
import { Watermark } from '../ui/Watermark'

const kinds = ['case', 'identity', 'party', 'file', 'audit', 'key', 'sandbox', 'governance', 'catalogue', 'agreement', 'permit', 'product', 'order', 'pricing', 'settlement', 'ledger', 'usage', 'output', 'scenario', 'productlist', 'register', 'calendar', 'parameter', 'job', 'message', 'clock', 'demo', 'genesis']
const words = ['person', 'org', 'object'] as const

/** The words of an entry's kind, with the exact type beside it. */
export const kindWord = (type: string): string => {
  const key = `log.kind.${type.split('.')[0]}`
  return has(key) ? t(key as Key) : type
}

/** A case's number leads to the case; anything else is only named. */
export function LogObject({ of, name }: { of: string; name?: string }) {
  if (name) return <span title={of}>{name}</span>
  if (!of) return <span className="muted">—</span>
  return /^[A-Z]{2}-\d{4}-\d+/.test(of) || /^[A-Z]{2}\d{6,}/.test(of) ? <SmartLink to={`/cases/${of}`}>{of}</SmartLink> : <code className="breakable">{of}</code>
}

/** Search of the audit log, for those whose office it is; each search is itself an entry. */
export default function LogPage() {
  const search = useSearch({ from: '/shell/log' })
  const navigate = useNavigate()
  const me = useMe().data!
  const given = { person: search.person ?? '', org: search.org ?? '', object: search.object ?? '', from: search.from ?? '', to: search.to ?? '' }
  const [typed, setTyped] = useState(given)
  const mark = JSON.stringify(given)
  useEffect(() => setTyped(JSON.parse(mark) as typeof given), [mark])
  const params = { ...given, kind: search.kind, result: search.result, before: search.before }
  const q = useQuery({
    queryKey: ['log', params],
    queryFn: () => call<{ items: LogLeaf[]; next?: number }>(`/api/log${query(params)}`),
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
    staleTime: Infinity,
  })
  usePageTitle(t('log'), me.city.platform)
  const set = (patch: Record<string, string | undefined>) => void navigate({ to: '/log', search: { ...search, before: undefined, ...patch } })
  const filtered = Object.entries(search).some(([k, v]) => k !== 'before' && v)
  return (
    <Watermark text={me.watermark}>
      <PageHead crumbs={[{ label: t('work'), to: '/work' }, { label: t('log') }]} title={t('log')} sub={t('log.sub')} />
      <form
        className="filters no-print"
        role="search"
        aria-label={t('filters')}
        onSubmit={(e) => {
          e.preventDefault()
          set(Object.fromEntries(Object.entries(typed).map(([k, v]) => [k, v.trim() || undefined])))
        }}
      >
        {words.map((w) => (
          <Input key={w} className="f-any" allowClear value={typed[w]} placeholder={t(`log.${w}`)} aria-label={t(`log.${w}`)} onChange={(e) => setTyped({ ...typed, [w]: e.target.value })} />
        ))}
        <Select className="f-any" allowClear showSearch={{ optionFilterProp: 'label' }} placeholder={t('log.kind')} aria-label={t('log.kind')} value={search.kind} onChange={(v?: string) => set({ kind: v })} options={kinds.map((k) => ({ value: k, label: kindWord(k) }))} />
        <Select className="f-any" allowClear placeholder={t('log.result')} aria-label={t('log.result')} value={search.result} onChange={(v?: string) => set({ result: v })} options={[{ value: 'done', label: t('log.done') }, { value: 'refused', label: t('log.refused') }]} />
        {(['from', 'to'] as const).map((d) => (
          <label key={d} className="f-date">
            {t(`log.${d}`)}
            <DatePicker placeholder="YYYY-MM-DD" value={typed[d] && dayjs(typed[d]).isValid() ? dayjs(typed[d]) : null} onChange={(v) => setTyped({ ...typed, [d]: v ? v.format('YYYY-MM-DD') : '' })} />
          </label>
        ))}
        <Button htmlType="submit" type="primary">
          {t('query')}
        </Button>
        {filtered && (
          <Button type="link" onClick={() => void navigate({ to: '/log', search: {} })}>
            {t('filters.clear')}
          </Button>
        )}
      </form>
      {q.isError && <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />}
      {q.isPending && <Loading rows={8} />}
      {q.data && (
        <>
          <DataTable
            caption={t('log')}
            rows={q.data.items}
            busy={q.isPlaceholderData}
            rowKey={(e) => String(e.seq)}
            empty={<EmptyBox text={t('log.none')} />}
            columns={[
              { key: 'seq', label: t('log.seq'), primary: true, right: true, render: (e) => <RowLink to="/log/$seq" params={{ seq: String(e.seq) }}>{e.seq}</RowLink> },
              { key: 'at', label: t('log.at'), render: (e) => <span className="nowrap">{datetime(e.at)}</span> },
              { key: 'actor', label: t('log.actor'), render: (e) => <>{e.actorName || e.actor || '—'}{e.orgName && <span className="row-sub">{e.orgName}</span>}</> },
              { key: 'type', label: t('log.type'), render: (e) => <>{kindWord(e.type)}<code className="row-sub">{e.type}{e.action && e.action !== e.type.split('.')[1] ? ` ${e.action}` : ''}</code></> },
              { key: 'object', label: t('log.about'), render: (e) => <LogObject of={e.object} name={e.objectName} /> },
              { key: 'result', label: t('log.result'), render: (e) => <><Toned tone={e.result === 'refused' ? 'bad' : 'ok'}>{e.result === 'refused' ? t('log.refused') : t('log.done')}</Toned>{e.code && <code className="row-sub">{e.code}</code>}</> },
            ]}
          />
          <nav className="pager" aria-label={t('pager')}>
            <Button size="small" disabled={!search.before} onClick={() => set({})}>
              {t('log.newer')}
            </Button>
            <Button size="small" disabled={!q.data.next} onClick={() => set({ before: String(q.data.next) })}>
              {t('log.older')}
            </Button>
          </nav>
        </>
      )}
    </Watermark>
  )
}
