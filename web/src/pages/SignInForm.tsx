import { Alert, Button, Input, type InputRef } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { ApiError, call } from '../api/client'
import type { Me } from '../api/types'
import { halfWidth } from '../form/FieldInput'
import { t } from '../i18n'
import { ErrorMarks, errorText } from '../ui/atoms'

/** Name, password and, when the server asks for it, the second factor. */
export default function SignInForm({ user: fixed, onDone }: { user?: string; onDone: (me: Me) => void }) {
  const [user, setUser] = useState(fixed ?? '')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [factor, setFactor] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<ApiError>()
  const [missing, setMissing] = useState<string>()
  const codeInput = useRef<InputRef>(null)
  useEffect(() => {
    if (factor) codeInput.current?.focus()
  }, [factor])

  const send = async () => {
    const lack = !user.trim() ? 'user' : !password ? 'password' : factor && !code.trim() ? 'code' : undefined
    setMissing(lack)
    if (lack) {
      document.getElementById(`signin-${lack}`)?.focus()
      return
    }
    setBusy(true)
    setError(undefined)
    try {
      const me = await call<Me | undefined>('/api/session', { method: 'POST', quiet401: true, body: { user: user.trim(), password, ...(factor ? { code: code.trim() } : {}) } })
      onDone(me?.person ? me : await call<Me>('/api/me', { quiet401: true }))
    } catch (e) {
      const err = e instanceof ApiError ? e : new ApiError({ status: 0 })
      if (err.code === 'sign_in.second_factor') {
        if (factor) setError(err)
        setFactor(true)
        setCode('')
      } else {
        setError(err)
        setCode('')
      }
    } finally {
      setBusy(false)
    }
  }

  const locked = error?.code === 'sign_in.locked'
  const expired = error?.code === 'sign_in.password_expired'
  return (
    <form
      className="signin-form"
      noValidate
      onSubmit={(e) => {
        e.preventDefault()
        void send()
      }}
    >
      {error && (
        <Alert
          type={locked || expired ? 'warning' : 'error'}
          showIcon
          role="alert"
          className="gap"
          title={locked ? t('signin.locked') : expired ? t('signin.expired') : errorText(error)}
          description={
            <>
              {(locked || expired) && <p>{error.problem.detail ?? (locked ? t('signin.locked.text') : t('signin.expired.text'))}</p>}
              {locked && error.retryAfter && <p>{t('signin.locked.after', { n: Math.ceil(error.retryAfter / 60) })}</p>}
              <ErrorMarks error={error} />
            </>
          }
        />
      )}
      <div className="field">
        <label htmlFor="signin-user">{t('signin.user')}</label>
        <Input id="signin-user" name="username" autoComplete="username" autoFocus value={user} disabled={factor} status={missing === 'user' ? 'error' : undefined} aria-invalid={missing === 'user'} aria-describedby={missing === 'user' ? 'signin-missing' : undefined} onChange={(e) => setUser(e.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="signin-password">{t('signin.password')}</label>
        <Input.Password id="signin-password" name="password" autoComplete="current-password" value={password} disabled={factor} status={missing === 'password' ? 'error' : undefined} aria-invalid={missing === 'password'} aria-describedby={missing === 'password' ? 'signin-missing' : undefined} onChange={(e) => setPassword(e.target.value)} />
      </div>
      {factor && (
        <div className="field">
          <label htmlFor="signin-code">{t('signin.code')}</label>
          <Input ref={codeInput} id="signin-code" name="code" inputMode="numeric" autoComplete="one-time-code" maxLength={8} value={code} status={missing === 'code' ? 'error' : undefined} aria-invalid={missing === 'code'} aria-describedby="signin-code-help" onChange={(e) => setCode(halfWidth(e.target.value).replace(/\D/g, ''))} />
          <div className="field-help" id="signin-code-help">
            {t('signin.code.help')}
          </div>
        </div>
      )}
      {missing && (
        <div className="field-error" id="signin-missing" role="alert">
          {t(`signin.missing.${missing}` as 'signin.missing.user')}
        </div>
      )}
      <Button type="primary" htmlType="submit" block loading={busy} size="large">
        {t('signin')}
      </Button>
      {factor && (
        <Button
          type="link"
          block
          onClick={() => {
            setFactor(false)
            setError(undefined)
          }}
        >
          {t('signin.other')}
        </Button>
      )}
    </form>
  )
}
