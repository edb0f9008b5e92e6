import { Button, Input, Modal, Radio } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { call, setConfirmer } from '../api/client'
import type { Me } from '../api/types'
import { halfWidth } from '../form/FieldInput'
import { t } from '../i18n'
import { ErrorBox } from '../ui/atoms'

/**
 * Asks the person again, by password or second factor, when the server wants it
 * before an act that cannot be taken back. The act is then sent once more by
 * itself; closing this leaves it undone.
 */
export function Confirm({ me }: { me: Me }) {
  const waiting = useRef<((ok: boolean) => void)[]>([])
  const [open, setOpen] = useState(false)
  const [by, setBy] = useState<'password' | 'code'>('password')
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()

  useEffect(() => {
    setConfirmer(
      () =>
        new Promise((answer) => {
          waiting.current.push(answer)
          setOpen(true)
        }),
    )
    return () => setConfirmer(undefined)
  }, [])

  const end = (ok: boolean) => {
    setOpen(false)
    setText('')
    setError(undefined)
    for (const answer of waiting.current.splice(0)) answer(ok)
  }
  const send = () => {
    if (!text) return
    setBusy(true)
    setError(undefined)
    call('/api/session/confirm', { method: 'POST', body: { [by]: text }, asked: true })
      .then(
        () => end(true),
        (e) => {
          setText('')
          setError(e)
        },
      )
      .finally(() => setBusy(false))
  }
  if (!open) return null
  return (
    <Modal open width={440} zIndex={1200} title={t('confirm.title')} onCancel={() => end(false)} mask={{ closable: false }} footer={null}>
      <form
        noValidate
        onSubmit={(e) => {
          e.preventDefault()
          send()
        }}
      >
        <p>{t('confirm.text')}</p>
        {error !== undefined && <ErrorBox error={error} />}
        {me.secondFactor && (
          <div className="field">
            <span className="label">{t('confirm.by')}</span>
            <Radio.Group
              value={by}
              aria-label={t('confirm.by')}
              onChange={(e) => {
                setBy(e.target.value as 'password' | 'code')
                setText('')
              }}
              options={[
                { value: 'password', label: t('confirm.password') },
                { value: 'code', label: t('confirm.code') },
              ]}
            />
          </div>
        )}
        <div className="field">
          <label htmlFor="confirm-text">{by === 'password' ? t('confirm.password') : t('confirm.code')}</label>
          {by === 'password' ? (
            <Input.Password id="confirm-text" autoFocus autoComplete="current-password" value={text} onChange={(e) => setText(e.target.value)} />
          ) : (
            <Input id="confirm-text" autoFocus inputMode="numeric" autoComplete="one-time-code" maxLength={8} value={text} onChange={(e) => setText(halfWidth(e.target.value).replace(/\D/g, ''))} />
          )}
        </div>
        <div className="dialog-foot">
          <Button onClick={() => end(false)}>{t('cancel')}</Button>
          <Button type="primary" htmlType="submit" loading={busy} disabled={!text}>
            {t('confirm.go')}
          </Button>
        </div>
      </form>
    </Modal>
  )
}
