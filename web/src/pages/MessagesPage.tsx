import { Button } from 'antd'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { call } from '../api/client'
import { useMe, useMessages } from '../api/hooks'
import type { Message } from '../api/types'
import { t } from '../i18n'
import { datetime } from '../lib/format'
import { usePageTitle } from '../lib/page'
import { EmptyBox, ErrorBox, Loading, PageHead } from '../ui/atoms'
import { Pager } from '../ui/Pager'

const kinds = ['', 'todo', 'system'] as const

export default function MessagesPage() {
  const search = useSearch({ from: '/shell/messages' })
  const navigate = useNavigate()
  const client = useQueryClient()
  const me = useMe().data!
  const kind = search.kind === 'todo' || search.kind === 'system' ? search.kind : ''
  const q = useMessages({ kind: kind || undefined, unread: search.unread === '1' ? '1' : undefined, cursor: search.cursor })
  const [error, setError] = useState<unknown>()
  const page = Math.max(1, Number(search.page ?? 1) || 1)
  usePageTitle(t('messages'), me.city.platform)

  const refresh = () => {
    for (const k of ['messages', 'me']) void client.invalidateQueries({ queryKey: [k] })
  }
  const post = (path: string) => {
    setError(undefined)
    return call(path, { method: 'POST' }).then(refresh, setError)
  }
  const open = (m: Message) => {
    if (!m.read) void post(`/api/messages/${encodeURIComponent(m.id)}/read`)
  }

  return (
    <>
      <PageHead
        crumbs={[{ label: t('work'), to: '/work' }, { label: t('messages') }]}
        title={t('messages')}
        sub={q.data ? t('messages.unread', { n: q.data.unread }) : undefined}
        extra={
          <Button disabled={!q.data?.unread} onClick={() => void post('/api/messages/read')}>
            {t('messages.readall')}
          </Button>
        }
      />
      <nav className="tabs" aria-label={t('messages.kinds')}>
        {kinds.map((k) => (
          <Link key={k} to="/messages" search={{ kind: k || undefined, unread: search.unread }} className={k === kind ? 'active' : ''} aria-current={k === kind ? 'page' : undefined} activeProps={{}}>
            {t(k === '' ? 'messages.all' : k === 'todo' ? 'messages.todo' : 'messages.system')}
          </Link>
        ))}
        <Link to="/messages" search={{ kind: kind || undefined, unread: search.unread === '1' ? undefined : '1' }} className="tab-toggle" activeProps={{}}>
          {search.unread === '1' ? t('messages.showall') : t('messages.onlyunread')}
        </Link>
      </nav>
      {error !== undefined && <ErrorBox error={error} />}
      {q.isError && <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />}
      {q.isPending && <Loading rows={8} />}
      {q.data && (
        <>
          {!q.data.items?.length ? (
            <EmptyBox text={search.unread === '1' ? t('messages.nounread') : t('messages.none')} />
          ) : (
            <ul className={`messages ${q.isPlaceholderData ? 'stale' : ''}`}>
              {q.data.items.map((m) => (
                <li key={m.id} className={m.read ? '' : 'unread'}>
                  <div className="msg-head">
                    <span className={`tag ${m.kind === 'todo' ? 'tag-warn' : ''}`}>{t(m.kind === 'todo' ? 'messages.todo' : 'messages.system')}</span>
                    {m.caseNo ? (
                      <Link to="/cases/$no" params={{ no: m.caseNo }} onClick={() => open(m)} className="msg-title">
                        {m.title}
                      </Link>
                    ) : (
                      <strong className="msg-title">{m.title}</strong>
                    )}
                    {!m.read && <span className="tone tone-warn">{t('messages.new')}</span>}
                    <time dateTime={m.at}>{datetime(m.at)}</time>
                  </div>
                  {m.body && <p>{m.body}</p>}
                  <div className="msg-foot">
                    {m.caseNo && <code>{m.caseNo}</code>}
                    {!m.read && (
                      <Button type="link" size="small" onClick={() => open(m)} aria-label={t('messages.read.this', { title: m.title })}>
                        {t('messages.read')}
                      </Button>
                    )}
                  </div>
                </li>
              ))}
            </ul>
          )}
          <Pager list={`messages-${kind}-${search.unread ?? ''}`} page={page} cursor={search.cursor} next={q.data.next} shown={q.data.items?.length ?? 0} go={(n, cursor) => void navigate({ to: '/messages', search: { ...search, page: n > 1 ? String(n) : undefined, cursor } })} />
        </>
      )}
    </>
  )
}
