import { Button, Input, Modal, Select } from 'antd'
import { DownloadOutlined, PrinterOutlined } from '@ant-design/icons'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { query, url } from '../api/client'
import { useMe, useRegister } from '../api/hooks'
import type { RegisterPage } from '../api/types'
import { t } from '../i18n'
import { integer } from '../lib/format'
import { usePageTitle } from '../lib/page'
import { CellView, Clause, EmptyBox, ErrorBox, Loading, PageHead, rightAligned } from '../ui/atoms'
import { DataTable } from '../ui/DataTable'
import { Pager } from '../ui/Pager'
import { PrintHead } from '../ui/PrintHead'

const own = ['q', 'cursor', 'page']

/** A list of one noun: the server says columns and filters, the address holds what is chosen. */
export default function RegisterListPage({ id, search }: { id: string; search: Record<string, string | undefined> }) {
  const navigate = useNavigate()
  const me = useMe().data!
  const filters = Object.fromEntries(Object.entries(search).filter(([k, v]) => !own.includes(k) && v))
  const params: Record<string, string | undefined> = { q: search.q, cursor: search.cursor, size: '20' }
  for (const [k, v] of Object.entries(filters)) params[`filter.${k}`] = v
  const q = useRegister(id, params)
  const page = Math.max(1, Number(search.page ?? 1) || 1)
  const [words, setWords] = useState(search.q ?? '')
  const [exporting, setExporting] = useState(false)
  useEffect(() => setWords(search.q ?? ''), [search.q])
  const r = q.data
  usePageTitle(r?.title ?? t('registers'), me.city.platform)

  const set = (patch: Record<string, string | undefined>) => void navigate({ to: '/registers/$id', params: { id }, search: { ...search, cursor: undefined, page: undefined, ...patch } })
  const clear = () => void navigate({ to: '/registers/$id', params: { id }, search: {} })
  const filtered = !!search.q || Object.keys(filters).length > 0

  if (q.isPending) return <Loading rows={8} />
  if (!r) {
    return (
      <>
        <PageHead crumbs={[{ label: t('registers'), to: '/registers' }, { label: id }]} title={t('registers')} />
        <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
      </>
    )
  }
  const primary = r.columns.find((c) => c.primary) ?? r.columns[0]
  const file = `/api/registers/${encodeURIComponent(id)}/export.xlsx${query({ ...params, cursor: undefined, size: undefined })}`
  return (
    <>
      <PrintHead title={r.title} />
      <PageHead
        crumbs={[{ label: t('registers'), to: '/registers' }, { label: r.title }]}
        title={r.title}
        sub={<Clause of={r.clause} />}
        extra={
          <>
            <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
              {t('print')}
            </Button>
            <Button icon={<DownloadOutlined />} onClick={() => setExporting(true)}>
              {t('export')}
            </Button>
          </>
        }
      />
      <form
        className="filters no-print"
        role="search"
        aria-label={t('filters')}
        onSubmit={(e) => {
          e.preventDefault()
          set({ q: words.trim() || undefined })
        }}
      >
        <Input className="f-q" allowClear value={words} placeholder={t('register.q', { title: r.title })} aria-label={t('register.q', { title: r.title })} onChange={(e) => { setWords(e.target.value); if (e.target.value === '' && search.q) set({ q: undefined }) }} />
        {(r.filters ?? []).map((f) => (
          <Select
            key={f.key}
            className="f-any"
            allowClear
            showSearch={{ optionFilterProp: 'label' }}
            placeholder={f.label}
            aria-label={f.label}
            value={filters[f.key]}
            onChange={(v) => set({ [f.key]: v })}
            options={f.options.map((o) => ({ value: o.value, label: o.count === undefined ? o.label : `${o.label}（${integer(o.count)}）` }))}
          />
        ))}
        <Button htmlType="submit">{t('query')}</Button>
        {filtered && (
          <Button type="link" onClick={clear}>
            {t('filters.clear')}
          </Button>
        )}
      </form>
      {q.isError && <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />}
      <DataTable<RegisterPage['rows'][number]>
        caption={r.title}
        rows={r.rows ?? []}
        busy={q.isPlaceholderData}
        rowKey={(x) => x.key}
        empty={
          <EmptyBox text={filtered ? t('empty.filtered') : t('register.empty', { title: r.title })}>
            {filtered && <Button onClick={clear}>{t('filters.clear')}</Button>}
          </EmptyBox>
        }
        columns={r.columns.map((c) => ({
          key: c.key,
          label: c.label,
          right: rightAligned(c),
          width: c.width,
          primary: c === primary,
          render: (x) => <CellView cell={x.cells[c.key]} column={c} href={c === primary && x.key && r.items !== false ? `/registers/${id}/${encodeURIComponent(x.key)}` : undefined} />,
        }))}
      />
      <Pager
        list={JSON.stringify([id, { ...params, cursor: undefined }])}
        page={page}
        cursor={search.cursor}
        next={r.next}
        total={r.total}
        shown={r.rows?.length ?? 0}
        go={(n, cursor) => void navigate({ to: '/registers/$id', params: { id }, search: { ...search, page: n > 1 ? String(n) : undefined, cursor } })}
      />
      <Modal
        open={exporting}
        title={t('export.title', { title: r.title })}
        onCancel={() => setExporting(false)}
        footer={
          <div className="dialog-foot">
            <Button onClick={() => setExporting(false)}>{t('cancel')}</Button>
            <a className="ant-btn ant-btn-primary ant-btn-color-primary ant-btn-variant-solid export-link" href={url(file)} download onClick={() => setExporting(false)}>
              {t('export.go', { n: integer(r.total) })}
            </a>
          </div>
        }
      >
        <p className="big">{t('export.rows', { n: integer(r.total) })}</p>
        <p>{filtered ? t('export.filtered') : t('export.all')}</p>
        <p className="muted">{t('export.audited')}</p>
      </Modal>
    </>
  )
}
