import { Button, Input, Modal, Select } from 'antd'
import { UserAddOutlined } from '@ant-design/icons'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { call, query } from '../api/client'
import { useMe } from '../api/hooks'
import type { Account, Seat } from '../api/types'
import { t } from '../i18n'
import { datetime } from '../lib/format'
import { usePageTitle } from '../lib/page'
import { EmptyBox, ErrorBox, Loading, PageHead, Toned } from '../ui/atoms'
import { DataTable, RowLink } from '../ui/DataTable'
import { Pager } from '../ui/Pager'

const states = ['locked', 'disabled', 'once', 'unbound'] as const
const tones = { active: 'ok', locked: 'warn', disabled: 'bad' } as const

export function AccountState({ a }: { a: Account }) {
  return (
    <>
      <Toned tone={tones[a.state]}>{t(`accounts.${a.state}` as 'accounts.active')}</Toned>
      {a.lockedUntil && <span className="row-sub">{t('accounts.until', { at: datetime(a.lockedUntil) })}</span>}
      {a.mustChange && <span className="row-sub">{t('accounts.mustchange')}</span>}
    </>
  )
}

/** Desks on one line each: the organisation, the role, and who leads. */
export function Seats({ of, office }: { of: readonly Seat[]; office?: string }) {
  if (!of.length && !office) return <span className="muted">{t('accounts.noseat')}</span>
  return (
    <ul className="plain">
      {office && <li>{office}</li>}
      {of.map((s) => (
        <li key={`${s.org.id}/${s.role}`}>
          {s.org.name} · {s.roleLabel}
          {s.lead && <span className="tag">{t('accounts.lead')}</span>}
        </li>
      ))}
    </ul>
  )
}

/** The accounts the reader looks after; the server decides which those are. */
export default function AccountsPage() {
  const search = useSearch({ from: '/shell/accounts' })
  const navigate = useNavigate()
  const me = useMe().data!
  const [words, setWords] = useState(search.q ?? '')
  const [opening, setOpening] = useState(false)
  useEffect(() => setWords(search.q ?? ''), [search.q])
  const params = { q: search.q, state: search.state, kind: search.kind, after: search.after }
  const q = useQuery({
    queryKey: ['accounts', params],
    queryFn: () => call<{ items: Account[]; next?: string; roles: Seat[] }>(`/api/accounts${query(params)}`),
    placeholderData: keepPreviousData,
  })
  usePageTitle(t('accounts'), me.city.platform)
  const set = (patch: Record<string, string | undefined>) => void navigate({ to: '/accounts', search: { ...search, after: undefined, page: undefined, ...patch } })
  const filtered = !!(search.q || search.state || search.kind)
  const page = Math.max(1, Number(search.page ?? 1) || 1)
  return (
    <>
      <PageHead
        crumbs={[{ label: t('work'), to: '/work' }, { label: t('accounts') }]}
        title={t('accounts')}
        sub={t('accounts.sub')}
        extra={
          !!q.data?.roles.length && (
            <Button icon={<UserAddOutlined />} onClick={() => setOpening(true)}>
              {t('accounts.program')}
            </Button>
          )
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
        <Input className="f-q" allowClear value={words} placeholder={t('accounts.q')} aria-label={t('accounts.q')} onChange={(e) => { setWords(e.target.value); if (!e.target.value && search.q) set({ q: undefined }) }} />
        <Select className="f-any" allowClear placeholder={t('accounts.state')} aria-label={t('accounts.state')} value={search.state} onChange={(v?: string) => set({ state: v })} options={states.map((s) => ({ value: s, label: t(`accounts.f.${s}`) }))} />
        <Select className="f-any" allowClear placeholder={t('accounts.kind')} aria-label={t('accounts.kind')} value={search.kind} onChange={(v?: string) => set({ kind: v })} options={[{ value: 'person', label: t('accounts.kind.person') }, { value: 'program', label: t('accounts.kind.program') }]} />
        <Button htmlType="submit">{t('query')}</Button>
        {filtered && (
          <Button type="link" onClick={() => void navigate({ to: '/accounts', search: {} })}>
            {t('filters.clear')}
          </Button>
        )}
      </form>
      {q.isError && <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />}
      {q.isPending && <Loading rows={8} />}
      {q.data && (
        <>
          <DataTable
            caption={t('accounts')}
            rows={q.data.items}
            busy={q.isPlaceholderData}
            rowKey={(a) => a.user}
            empty={<EmptyBox text={filtered ? t('empty.filtered') : t('accounts.none')} />}
            columns={[
              { key: 'user', label: t('accounts.user'), primary: true, render: (a) => <RowLink to="/accounts/$user" params={{ user: a.user }}>{a.user}</RowLink> },
              { key: 'name', label: t('accounts.name'), render: (a) => <>{a.person.name}{a.program && <span className="tag">{t('accounts.kind.program')}</span>}</> },
              { key: 'seats', label: t('accounts.seats'), render: (a) => <Seats of={a.seats} office={a.officeLabel} /> },
              { key: 'state', label: t('accounts.state'), render: (a) => <AccountState a={a} /> },
              { key: 'factor', label: t('accounts.factor'), render: (a) => (a.program ? <span className="muted">—</span> : <Toned tone={a.secondFactor ? 'ok' : 'muted'}>{a.secondFactor ? t('accounts.bound') : t('accounts.unbound')}</Toned>) },
              { key: 'changed', label: t('accounts.changed'), render: (a) => <span className="nowrap">{a.program ? '—' : datetime(a.changed)}</span> },
            ]}
          />
          <Pager list={JSON.stringify({ ...params, after: undefined })} page={page} cursor={search.after} next={q.data.next} shown={q.data.items.length} go={(n, after) => void navigate({ to: '/accounts', search: { ...search, page: n > 1 ? String(n) : undefined, after } })} />
        </>
      )}
      {opening && <OpenProgram seats={q.data?.roles ?? []} close={() => setOpening(false)} done={(user) => void navigate({ to: '/accounts/$user', params: { user } })} />}
    </>
  )
}

function OpenProgram({ seats, close, done }: { seats: readonly Seat[]; close: () => void; done: (user: string) => void }) {
  const [user, setUser] = useState('')
  const [name, setName] = useState('')
  const [seat, setSeat] = useState(seats.length === 1 ? 0 : undefined)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const [missing, setMissing] = useState(false)
  const send = () => {
    const at = seat === undefined ? undefined : seats[seat]
    setMissing(!user.trim() || !name.trim() || !at)
    if (!user.trim() || !name.trim() || !at) return
    setBusy(true)
    setError(undefined)
    call('/api/accounts', { method: 'POST', body: { user: user.trim(), name: name.trim(), org: at.org.id, role: at.role } })
      .then(() => done(user.trim().toLowerCase()), setError)
      .finally(() => setBusy(false))
  }
  return (
    <Modal open title={t('accounts.program')} onCancel={close} onOk={send} okText={t('accounts.program')} cancelText={t('cancel')} confirmLoading={busy}>
      <p>{t('accounts.program.help')}</p>
      {error !== undefined && <ErrorBox error={error} />}
      <div className="field">
        <label htmlFor="program-user">{t('accounts.program.user')}</label>
        <Input id="program-user" autoComplete="off" autoFocus value={user} onChange={(e) => setUser(e.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="program-name">{t('accounts.program.name')}</label>
        <Input id="program-name" autoComplete="off" maxLength={40} value={name} onChange={(e) => setName(e.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="program-seat">{t('accounts.program.seat')}</label>
        <Select id="program-seat" value={seat} onChange={setSeat} options={seats.map((s, i) => ({ value: i, label: `${s.org.name} · ${s.roleLabel}` }))} />
      </div>
      {missing && (
        <div className="field-error" role="alert">
          {t('accounts.program.missing')}
        </div>
      )}
    </Modal>
  )
}
