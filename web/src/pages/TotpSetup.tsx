import { Alert, Button, Input } from 'antd'
import { useState } from 'react'
import { renderSVG } from 'uqr'
import { ApiError, call } from '../api/client'
import { halfWidth } from '../form/FieldInput'
import { t } from '../i18n'
import { ErrorBox } from '../ui/atoms'

/** The picture for the phone, made here; its text alternative is the secret itself. */
export function qrDataUri(text: string): string {
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(renderSVG(text, { border: 2, ecc: 'M' }))}`
}

/** Second factor: the secret as picture and as text, then one code to prove that it arrived. */
export default function TotpSetup({ active, onDone }: { active: boolean; onDone: () => void }) {
  const [secret, setSecret] = useState<{ secret: string; uri: string }>()
  const [code, setCode] = useState('')
  const [bad, setBad] = useState<string>()
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const [done, setDone] = useState(false)

  const begin = async () => {
    setBusy(true)
    setError(undefined)
    try {
      setSecret(await call('/api/me/totp', { method: 'POST' }))
      setDone(false)
    } catch (e) {
      setError(e)
    } finally {
      setBusy(false)
    }
  }
  const confirm = async () => {
    if (!/^\d{6,8}$/.test(code)) {
      setBad(t('totp.code.shape'))
      document.getElementById('totp-code')?.focus()
      return
    }
    setBusy(true)
    setError(undefined)
    try {
      await call('/api/me/totp/confirm', { method: 'POST', body: { code }, quiet401: true })
      setSecret(undefined)
      setCode('')
      setDone(true)
      onDone()
    } catch (e) {
      if (e instanceof ApiError && (e.status === 401 || e.status === 422)) setBad(e.problem.errors?.[0]?.message ?? e.problem.detail ?? t('totp.code.wrong'))
      else setError(e)
    } finally {
      setBusy(false)
    }
  }

  return (
    <div className="totp">
      {done && <Alert className="gap" type="success" showIcon title={t('totp.done')} />}
      {error !== undefined && <ErrorBox error={error} retry={() => void (secret ? confirm() : begin())} busy={busy} />}
      {!secret && active ? (
        <RemoveTotp onDone={onDone} />
      ) : !secret ? (
        <>
          <p>{t('totp.text')}</p>
          <Button type="primary" loading={busy} onClick={() => void begin()}>
            {t('totp.begin')}
          </Button>
        </>
      ) : (
        <ol className="totp-steps">
          <li>
            {t('totp.step1')}
            <div className="totp-secret">
              <img src={qrDataUri(secret.uri)} alt={t('totp.alt', { secret: secret.secret })} width={184} height={184} />
              <div>
                <div className="muted">{t('totp.secret')}</div>
                <code className="secret">{secret.secret.replace(/(.{4})/g, '$1 ').trim()}</code>
              </div>
            </div>
          </li>
          <li>
            <form
              noValidate
              onSubmit={(e) => {
                e.preventDefault()
                void confirm()
              }}
            >
              <label htmlFor="totp-code">{t('totp.step2')}</label>
              <div className="inline">
                <Input
                  id="totp-code"
                  inputMode="numeric"
                  autoComplete="one-time-code"
                  maxLength={8}
                  value={code}
                  status={bad ? 'error' : undefined}
                  aria-invalid={!!bad}
                  aria-describedby={bad ? 'totp-error' : undefined}
                  onChange={(e) => {
                    setCode(halfWidth(e.target.value).replace(/\D/g, ''))
                    setBad(undefined)
                  }}
                />
                <Button type="primary" htmlType="submit" loading={busy}>
                  {t('totp.confirm')}
                </Button>
                <Button onClick={() => setSecret(undefined)}>{t('cancel')}</Button>
              </div>
              {bad && (
                <div className="field-error" id="totp-error" role="alert">
                  {bad}
                </div>
              )}
            </form>
          </li>
        </ol>
      )}
    </div>
  )
}

/** Taking the bound factor off needs a code of it; who has lost it goes to the security administrator. */
function RemoveTotp({ onDone }: { onDone: () => void }) {
  const [code, setCode] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const send = () => {
    setBusy(true)
    setError(undefined)
    call('/api/me/totp/remove', { method: 'POST', body: { code }, quiet401: true })
      .then(onDone, setError)
      .finally(() => setBusy(false))
  }
  return (
    <form
      noValidate
      onSubmit={(e) => {
        e.preventDefault()
        if (code.length >= 6) send()
      }}
    >
      <p>{t('totp.active')}</p>
      <p className="muted">{t('totp.remove.text')}</p>
      {error !== undefined && <ErrorBox error={error} />}
      <label htmlFor="totp-remove">{t('signin.code')}</label>
      <div className="inline">
        <Input id="totp-remove" inputMode="numeric" autoComplete="one-time-code" maxLength={8} value={code} onChange={(e) => setCode(halfWidth(e.target.value).replace(/\D/g, ''))} />
        <Button danger htmlType="submit" loading={busy} disabled={code.length < 6}>
          {t('totp.remove')}
        </Button>
      </div>
    </form>
  )
}
