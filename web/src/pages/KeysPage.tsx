import { Alert, Button, Input, Modal, Radio } from 'antd'
import { KeyOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../api/client'
import { useMe } from '../api/hooks'
import type { ApiKey } from '../api/types'
import { t } from '../i18n'
import { datetime } from '../lib/format'
import { confirms } from '../lib/offers'
import { usePageTitle } from '../lib/page'
import { EmptyBox, ErrorBox, Loading, PageHead, Toned } from '../ui/atoms'
import { DataTable } from '../ui/DataTable'

const algorithms = ['HMAC-SHA256', 'HMAC-SM3']
const tones = { active: 'ok', replaced: 'warn', ended: 'muted' } as const

/** Keys of an order: issued with the secret shown once, replaced with an overlap, revoked at once. */
export default function KeysPage({ order }: { order: string }) {
  const me = useMe().data!
  const client = useQueryClient()
  const q = useQuery({ queryKey: ['keys', order], queryFn: () => call<{ items: ApiKey[] }>(`/api/orders/${encodeURIComponent(order)}/keys`).then((x) => x.items ?? []) })
  const [asking, setAsking] = useState<{ replaces?: string }>()
  const [revoking, setRevoking] = useState<ApiKey>()
  const [fresh, setFresh] = useState<ApiKey>()
  usePageTitle(t('keys'), me.city.platform)
  const refresh = () => void client.invalidateQueries({ queryKey: ['keys', order] })
  return (
    <>
      <PageHead
        crumbs={[{ label: t('registers'), to: '/registers' }, { label: order, to: `/registers/orders/${encodeURIComponent(order)}` }, { label: t('keys') }]}
        title={t('keys')}
        sub={<code>{order}</code>}
        extra={
          <Button type="primary" icon={<KeyOutlined />} onClick={() => setAsking({})}>
            {t('keys.issue')}
          </Button>
        }
      />
      {fresh?.secret && (
        <Alert
          type="warning"
          showIcon
          className="gap"
          role="status"
          title={t('keys.secret', { id: fresh.id })}
          description={
            <>
              <p>{t('keys.secret.text')}</p>
              <code className="secret">{fresh.secret}</code>
            </>
          }
          closable={{ onClose: () => setFresh(undefined), 'aria-label': t('close') }}
        />
      )}
      {q.isError && <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />}
      {q.isPending && <Loading rows={4} />}
      {q.data && (
        <DataTable
          caption={t('keys')}
          rows={q.data}
          rowKey={(k) => k.id}
          empty={<EmptyBox text={t('keys.none')} />}
          columns={[
            { key: 'id', label: t('keys.id'), primary: true, render: (k) => <code>{k.id}</code> },
            { key: 'state', label: t('cases.state'), render: (k) => <Toned tone={tones[k.state]}>{t(`keys.${k.state}`)}</Toned> },
            { key: 'algorithm', label: t('keys.algorithm'), render: (k) => k.algorithm },
            { key: 'path', label: t('keys.path'), render: (k) => <code>{k.path}</code> },
            { key: 'created', label: t('keys.created'), render: (k) => <span className="nowrap">{datetime(k.created)}</span> },
            { key: 'ends', label: t('keys.ends'), render: (k) => <span className="nowrap">{datetime(k.revoked || k.ends) || '—'}</span> },
            {
              key: 'act',
              label: t('actions'),
              render: (k) =>
                k.state === 'ended' ? (
                  <span className="muted">—</span>
                ) : (
                  <span className="inline">
                    {k.state === 'active' && (
                      <Button size="small" onClick={() => setAsking({ replaces: k.id })} aria-label={t('keys.replace.this', { id: k.id })}>
                        {t('keys.replace')}
                      </Button>
                    )}
                    <Button size="small" danger onClick={() => setRevoking(k)} aria-label={t('keys.revoke.this', { id: k.id })}>
                      {t('keys.revoke')}
                    </Button>
                  </span>
                ),
            },
          ]}
        />
      )}
      {asking && (
        <Issue
          order={order}
          replaces={asking.replaces}
          close={() => setAsking(undefined)}
          done={(k) => {
            setAsking(undefined)
            setFresh(k)
            refresh()
          }}
        />
      )}
      {revoking && (
        <Revoke
          k={revoking}
          close={() => setRevoking(undefined)}
          done={() => {
            setRevoking(undefined)
            refresh()
          }}
        />
      )}
    </>
  )
}

function Issue({ order, replaces, close, done }: { order: string; replaces?: string; close: () => void; done: (k: ApiKey) => void }) {
  const [algorithm, setAlgorithm] = useState(algorithms[0])
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const send = () => {
    setBusy(true)
    setError(undefined)
    call<ApiKey>(`/api/orders/${encodeURIComponent(order)}/keys`, { method: 'POST', body: { algorithm, ...(replaces ? { replaces } : {}) } })
      .then(done, setError)
      .finally(() => setBusy(false))
  }
  return (
    <Modal open title={replaces ? t('keys.replace.this', { id: replaces }) : t('keys.issue')} onCancel={close} onOk={send} okText={replaces ? t('keys.replace') : t('keys.issue')} confirmLoading={busy} cancelText={t('cancel')}>
      {error !== undefined && <ErrorBox error={error} />}
      {replaces && <p>{t('keys.replace.text')}</p>}
      <div className="field">
        <span className="label">{t('keys.algorithm')}</span>
        <Radio.Group value={algorithm} onChange={(e) => setAlgorithm(e.target.value as string)} aria-label={t('keys.algorithm')} options={algorithms} />
      </div>
      <p className="muted">{t('keys.once')}</p>
    </Modal>
  )
}

/** Revoking stops every caller at once and cannot be taken back: the key's number is typed. */
function Revoke({ k, close, done }: { k: ApiKey; close: () => void; done: () => void }) {
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const send = () => {
    setBusy(true)
    setError(undefined)
    call(`/api/keys/${encodeURIComponent(k.id)}/revoke`, { method: 'POST' })
      .then(done, setError)
      .finally(() => setBusy(false))
  }
  return (
    <Modal
      open
      title={t('keys.revoke.this', { id: k.id })}
      onCancel={close}
      footer={
        <div className="dialog-foot">
          <Button onClick={close}>{t('cancel')}</Button>
          <Button type="primary" danger disabled={!confirms(typed, k.id)} loading={busy} onClick={send}>
            {t('keys.revoke')}
          </Button>
        </div>
      }
    >
      {error !== undefined && <ErrorBox error={error} />}
      <Alert type="error" showIcon className="gap" title={t('act.irreversible')} description={t('keys.revoke.text', { path: k.path })} />
      <div className="field">
        <label htmlFor="revoke-id">{t('act.number', { no: k.id })}</label>
        <Input id="revoke-id" value={typed} autoComplete="off" onChange={(e) => setTyped(e.target.value)} />
      </div>
    </Modal>
  )
}
