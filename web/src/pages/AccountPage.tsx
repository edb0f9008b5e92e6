import { Alert, Button, Checkbox, Input, Modal } from 'antd'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiError, call } from '../api/client'
import { useMe } from '../api/hooks'
import type { AccountPage as View } from '../api/types'
import { t } from '../i18n'
import { datetime } from '../lib/format'
import { usePageTitle } from '../lib/page'
import { EmptyBox, ErrorBox, Loading, PageHead, Toned } from '../ui/atoms'
import ContactsForm from './ContactsForm'
import { AccountState, Seats } from './AccountsPage'

type Act = 'reset' | 'lock' | 'unlock' | 'disable' | 'enable' | 'drop-factor' | 'token' | 'revoke'
const order: Act[] = ['reset', 'unlock', 'lock', 'enable', 'disable', 'drop-factor', 'token', 'revoke']
const grave: readonly Act[] = ['disable', 'drop-factor', 'revoke']
type Field = 'phone' | 'mail' | 'id_card'
const fieldWord = { phone: 'accounts.phone', mail: 'accounts.mail', id_card: 'accounts.idcard' } as const

/** One account with what its keeper may do: which acts those are is the server's word. */
export default function AccountPage({ user }: { user: string }) {
  const me = useMe().data!
  const client = useQueryClient()
  const q = useQuery({ queryKey: ['account', user], queryFn: () => call<View>(`/api/accounts/${encodeURIComponent(user)}`) })
  const [act, setAct] = useState<Act>()
  const [reveal, setReveal] = useState<Field>()
  const [contacts, setContacts] = useState(false)
  const [once, setOnce] = useState<{ title: string; text: string; secret: string }>()
  const [done, setDone] = useState<string>()
  usePageTitle(t('accounts.page', { user }), me.city.platform)
  const crumbs = [{ label: t('accounts'), to: '/accounts' }, { label: user }]
  const refresh = () => {
    void client.invalidateQueries({ queryKey: ['account', user] })
    void client.invalidateQueries({ queryKey: ['accounts'] })
  }
  if (q.isPending) return <Loading rows={8} />
  const a = q.data
  if (!a) {
    return (
      <>
        <PageHead crumbs={crumbs} title={t('accounts.page', { user })} />
        <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
      </>
    )
  }
  const open = order.filter((x) => a.acts.includes(x))
  const line = (field: Field, value: string | undefined, has: boolean) => (
    <div className="pair">
      <dt>{t(fieldWord[field])}</dt>
      <dd>
        {value || (has ? t('accounts.sealed') : <span className="muted">{t('accounts.empty')}</span>)}
        {a.acts.includes(`reveal-${field}`) && (
          <Button type="link" size="small" onClick={() => setReveal(field)}>
            {t('accounts.reveal')}
            <span className="sr">{t(fieldWord[field])}</span>
          </Button>
        )}
      </dd>
    </div>
  )
  return (
    <>
      <PageHead crumbs={crumbs} title={a.person.name} sub={<code>{a.user}</code>} />
      {once && (
        <Alert
          type="warning"
          showIcon
          className="gap"
          role="status"
          title={once.title}
          description={
            <>
              <p>{once.text}</p>
              <code className="secret">{once.secret}</code>
            </>
          }
          closable={{ onClose: () => setOnce(undefined), 'aria-label': t('close') }}
        />
      )}
      {done && <Alert type="success" showIcon className="gap" role="status" title={done} closable={{ onClose: () => setDone(undefined), 'aria-label': t('close') }} />}
      <section className="card" aria-label={t('accounts.info')}>
        <h2>{t('accounts.info')}</h2>
        <dl className="pairs">
          <div className="pair">
            <dt>{t('accounts.state')}</dt>
            <dd>
              <AccountState a={a} />
            </dd>
          </div>
          {!a.program && (
            <div className="pair">
              <dt>{t('accounts.factor')}</dt>
              <dd>
                <Toned tone={a.secondFactor ? 'ok' : 'muted'}>{a.secondFactor ? t('accounts.bound') : t('accounts.unbound')}</Toned>
              </dd>
            </div>
          )}
          <div className="pair">
            <dt>{t('accounts.seats')}</dt>
            <dd>
              <Seats of={a.seats} />
            </dd>
          </div>
          {a.officeLabel && (
            <div className="pair">
              <dt>{t('accounts.office')}</dt>
              <dd>{a.officeLabel}</dd>
            </div>
          )}
          <div className="pair">
            <dt>{t('accounts.opened')}</dt>
            <dd>{datetime(a.opened)}</dd>
          </div>
          {!a.program && (
            <>
              <div className="pair">
                <dt>{t('accounts.changed')}</dt>
                <dd>{datetime(a.changed)}</dd>
              </div>
              {line('phone', a.phone, !!a.phone)}
              {line('mail', undefined, a.hasMail)}
              {line('id_card', a.idCard, !!a.idCard)}
              <div className="pair">
                <dt>{t('accounts.cases')}</dt>
                <dd>{t('accounts.cases.n', { n: a.openCases })}</dd>
              </div>
            </>
          )}
        </dl>
      </section>
      <section className="card no-print" aria-label={t('accounts.acts')}>
        <h2>{t('accounts.acts')}</h2>
        {!open.length && !a.leave && !a.acts.includes('contacts') && <EmptyBox text={t('accounts.acts.none')} />}
        <div className="start-links">
          {open.map((x) => (
            <Button key={x} danger={grave.includes(x)} onClick={() => setAct(x)} data-act={x}>
              {t(`accounts.act.${x}`)}
            </Button>
          ))}
          {a.acts.includes('contacts') && <Button onClick={() => setContacts(true)}>{t('accounts.act.contacts')}</Button>}
        </div>
        {a.leave && (
          <p>
            <Link to="/new/$procedure" params={{ procedure: a.leave }} search={{ kind: 'end', person: a.person.id }} className="btn-link">
              {t('accounts.leave')}
            </Link>{' '}
            <span className="muted">{t('accounts.leave.text')}</span>
          </p>
        )}
      </section>
      {act && (
        <Perform
          a={a}
          act={act}
          close={() => setAct(undefined)}
          done={(secret) => {
            setAct(undefined)
            setDone(t('accounts.done', { act: t(`accounts.act.${act}`) }))
            if (secret) setOnce({ title: t(act === 'reset' ? 'accounts.once' : 'accounts.token', { user: a.user }), text: t(act === 'reset' ? 'accounts.once.text' : 'accounts.token.text'), secret })
            refresh()
          }}
        />
      )}
      {reveal && <Reveal a={a} field={reveal} close={() => setReveal(undefined)} />}
      <Modal open={contacts} title={t('accounts.act.contacts')} footer={null} destroyOnHidden onCancel={() => setContacts(false)}>
        <ContactsForm path={`/api/accounts/${encodeURIComponent(user)}/contacts`} onDone={refresh} />
      </Modal>
    </>
  )
}

/** One act on the account: what it does, and the way back. */
function Perform({ a, act, close, done }: { a: View; act: Act; close: () => void; done: (secret?: string) => void }) {
  const [factor, setFactor] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const send = () => {
    setBusy(true)
    setError(undefined)
    const path = `/api/accounts/${encodeURIComponent(a.user)}/${act === 'revoke' ? 'token' : act}`
    call<{ password?: string; token?: string } | undefined>(path, { method: act === 'revoke' ? 'DELETE' : 'POST', body: act === 'reset' ? { factor } : undefined })
      .then((x) => done(x?.password ?? x?.token), (e) => !(e instanceof ApiError && e.code === 'session.confirm') && setError(e))
      .finally(() => setBusy(false))
  }
  return (
    <Modal
      open
      title={`${t(`accounts.act.${act}`)}：${a.person.name}（${a.user}）`}
      onCancel={close}
      footer={
        <div className="dialog-foot">
          <Button onClick={close}>{t('cancel')}</Button>
          <Button type="primary" danger={grave.includes(act)} loading={busy} onClick={send}>
            {t(`accounts.act.${act}`)}
          </Button>
        </div>
      }
    >
      {error !== undefined && <ErrorBox error={error} />}
      <p>{t(`accounts.say.${act}`, { n: a.person.name })}</p>
      {act === 'reset' && a.acts.includes('drop-factor') && (
        <Checkbox checked={factor} onChange={(e) => setFactor(e.target.checked)}>
          {t('accounts.reset.factor')}
        </Checkbox>
      )}
    </Modal>
  )
}

/** A masked field is opened for a reason, which the log keeps; the value leaves with the dialog. */
function Reveal({ a, field, close }: { a: View; field: Field; close: () => void }) {
  const [reason, setReason] = useState('')
  const [value, setValue] = useState<string>()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const what = t(fieldWord[field])
  const send = () => {
    setBusy(true)
    setError(undefined)
    call<{ value: string }>(`/api/accounts/${encodeURIComponent(a.user)}/reveal`, { method: 'POST', body: { field, reason: reason.trim() } })
      .then((x) => setValue(x.value), setError)
      .finally(() => setBusy(false))
  }
  return (
    <Modal
      open
      title={t('accounts.reveal.title', { what })}
      onCancel={close}
      footer={
        <div className="dialog-foot">
          <Button onClick={close}>{value === undefined ? t('cancel') : t('close')}</Button>
          {value === undefined && (
            <Button type="primary" loading={busy} disabled={reason.trim().length < 4} onClick={send}>
              {t('accounts.reveal')}
            </Button>
          )}
        </div>
      }
    >
      {error !== undefined && <ErrorBox error={error} />}
      {value === undefined ? (
        <div className="field">
          <label htmlFor="reveal-reason">{t('accounts.reveal.reason')}</label>
          <Input.TextArea id="reveal-reason" autoFocus rows={2} maxLength={200} value={reason} aria-describedby="reveal-help" onChange={(e) => setReason(e.target.value)} />
          <div className="field-help" id="reveal-help">
            {t('accounts.reveal.help')}
          </div>
        </div>
      ) : (
        <p role="status">
          {what}：<code className="secret">{value || t('accounts.empty')}</code>
        </p>
      )}
    </Modal>
  )
}
