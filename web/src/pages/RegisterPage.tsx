import { Alert, Button } from 'antd'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiError, call } from '../api/client'
import type { Field, Form } from '../api/types'
import { ErrorSummary, FormFields } from '../form/FormFields'
import { check, mapErrors, toSend, type Problem } from '../form/model'
import { t } from '../i18n'
import { ErrorBox } from '../ui/atoms'
import { Door } from './SignInPage'

const fields = (): Field[] => [
  { name: 'user', label: t('register.user'), kind: 'text', required: true, max: 64, help: t('register.user.help') },
  { name: 'password', label: t('register.password'), kind: 'text', secret: true, required: true, help: t('register.password.help') },
  { name: 'again', label: t('register.again'), kind: 'text', secret: true, required: true },
  { name: 'name', label: t('register.name'), kind: 'text', required: true, max: 64 },
  { name: 'phone', label: t('register.phone'), kind: 'phone', required: true },
  { name: 'idCard', label: t('register.idcard'), kind: 'idcard', required: true, help: t('register.idcard.help') },
]

/** Self-registration: an account without a desk, from which 主体认证 can be started. */
export default function RegisterPage() {
  const [form, setForm] = useState<Form>({})
  const [problems, setProblems] = useState<Problem[]>([])
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const [done, setDone] = useState(false)

  const send = async () => {
    const list = fields()
    const mine = check(list, form)
    if (form.password && form.again && form.password !== form.again) mine.push({ key: 'again', label: t('register.again'), message: t('password.differs') })
    setProblems(mine)
    if (mine.length) return
    setBusy(true)
    setError(undefined)
    try {
      const { again: _, ...body } = toSend(list, form)
      await call('/api/registration', { method: 'POST', body: { ...body, password: form.password }, quiet401: true })
      setDone(true)
    } catch (e) {
      setError(e)
      if (e instanceof ApiError) {
        const m = mapErrors(e.problem.errors, list)
        setProblems([...m.placed, ...m.general])
      }
    } finally {
      setBusy(false)
    }
  }

  return (
    <Door title={t('register.title')} wide>
      {done ? (
        <Alert
          type="success"
          showIcon
          title={t('register.done')}
          description={
            <>
              <p>{t('register.done.text')}</p>
              <Link to="/sign-in" search={{ to: '/new/p04_subject' }} className="btn-link">
                {t('register.done.go')}
              </Link>
            </>
          }
        />
      ) : (
        <form
          noValidate
          onSubmit={(e) => {
            e.preventDefault()
            void send()
          }}
        >
          <p className="muted">{t('register.text')}</p>
          {error !== undefined && problems.length === 0 && <ErrorBox error={error} retry={() => void send()} busy={busy} />}
          <ErrorSummary scope="reg" problems={problems} />
          <FormFields
            scope="reg"
            fields={fields()}
            form={form}
            problems={problems}
            onChange={(name, v) => {
              setForm((f) => ({ ...f, [name]: v }))
              setProblems((ps) => ps.filter((p) => p.key !== name))
            }}
          />
          <div className="form-foot">
            <Button type="primary" htmlType="submit" loading={busy}>
              {t('register.send')}
            </Button>
            <Link to="/sign-in">{t('register.have')}</Link>
          </div>
        </form>
      )}
    </Door>
  )
}
