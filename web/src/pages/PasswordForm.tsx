import { Alert, Button, Input } from 'antd'
import { useState } from 'react'
import { ApiError, call } from '../api/client'
import { t } from '../i18n'
import { ErrorBox } from '../ui/atoms'

/** Changes the reader's own password; the server holds the rules and says which was broken. */
export default function PasswordForm({ onDone }: { onDone: () => void }) {
  const [old, setOld] = useState('')
  const [next, setNext] = useState('')
  const [again, setAgain] = useState('')
  const [bad, setBad] = useState<Record<string, string>>({})
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const [done, setDone] = useState(false)

  const send = async () => {
    const found: Record<string, string> = {}
    if (!old) found.old = t('password.missing')
    if (!next) found.new = t('password.missing')
    else if (next === old) found.new = t('password.same')
    if (next !== again) found.again = t('password.differs')
    setBad(found)
    setDone(false)
    const first = Object.keys(found)[0]
    if (first) {
      document.getElementById(`pw-${first}`)?.focus()
      return
    }
    setBusy(true)
    setError(undefined)
    try {
      await call('/api/me/password', { method: 'POST', body: { old, new: next }, quiet401: true })
      setOld('')
      setNext('')
      setAgain('')
      setDone(true)
      onDone()
    } catch (e) {
      if (e instanceof ApiError && e.problem.errors?.length) setBad(Object.fromEntries(e.problem.errors.map((x) => [x.path.split(/[./]/).pop() || 'new', x.message])))
      else setError(e)
    } finally {
      setBusy(false)
    }
  }

  const row = (name: string, label: string, value: string, set: (v: string) => void, complete: string) => (
    <div className={`field ${bad[name] ? 'has-error' : ''}`}>
      <label htmlFor={`pw-${name}`}>{label}</label>
      <Input.Password id={`pw-${name}`} autoComplete={complete} value={value} status={bad[name] ? 'error' : undefined} aria-invalid={!!bad[name]} aria-describedby={bad[name] ? `pw-${name}-error` : undefined} onChange={(e) => set(e.target.value)} />
      {bad[name] && (
        <div className="field-error" id={`pw-${name}-error`}>
          {bad[name]}
        </div>
      )}
    </div>
  )
  return (
    <form
      noValidate
      className="narrow-form"
      onSubmit={(e) => {
        e.preventDefault()
        void send()
      }}
    >
      {done && <Alert className="gap" type="success" showIcon title={t('password.done')} />}
      {error !== undefined && <ErrorBox error={error} />}
      {row('old', t('password.old'), old, setOld, 'current-password')}
      {row('new', t('password.new'), next, setNext, 'new-password')}
      <div className="field-help">{t('register.password.help')}</div>
      {row('again', t('register.again'), again, setAgain, 'new-password')}
      <Button type="primary" htmlType="submit" loading={busy}>
        {t('password.change')}
      </Button>
    </form>
  )
}
