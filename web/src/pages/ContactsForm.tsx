import { Alert, Button, Input } from 'antd'
import { useState } from 'react'
import { call } from '../api/client'
import { t } from '../i18n'
import { ErrorBox } from '../ui/atoms'

/** Mail and telephone, the own ones or those of an account looked after; what is left empty stays. */
export default function ContactsForm({ path, onDone }: { path: string; onDone: () => void }) {
  const [mail, setMail] = useState('')
  const [phone, setPhone] = useState('')
  const [busy, setBusy] = useState(false)
  const [done, setDone] = useState(false)
  const [none, setNone] = useState(false)
  const [error, setError] = useState<unknown>()
  const send = () => {
    const body = { ...(mail.trim() ? { mail: mail.trim() } : {}), ...(phone.trim() ? { phone: phone.trim() } : {}) }
    setDone(false)
    setNone(!Object.keys(body).length)
    if (!Object.keys(body).length) return
    setBusy(true)
    setError(undefined)
    call(path, { method: 'PUT', body })
      .then(() => {
        setMail('')
        setPhone('')
        setDone(true)
        onDone()
      }, setError)
      .finally(() => setBusy(false))
  }
  return (
    <form
      noValidate
      className="narrow-form"
      onSubmit={(e) => {
        e.preventDefault()
        send()
      }}
    >
      {done && <Alert className="gap" type="success" showIcon title={t('contacts.saved')} />}
      {error !== undefined && <ErrorBox error={error} />}
      <div className="field">
        <label htmlFor="contact-mail">{t('contacts.mail')}</label>
        <Input id="contact-mail" type="email" autoComplete="email" value={mail} onChange={(e) => setMail(e.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="contact-phone">{t('contacts.phone')}</label>
        <Input id="contact-phone" type="tel" autoComplete="tel" value={phone} aria-describedby="contact-help" onChange={(e) => setPhone(e.target.value)} />
        <div className="field-help" id="contact-help">
          {t('contacts.help')}
        </div>
      </div>
      {none && (
        <div className="field-error" role="alert">
          {t('contacts.none')}
        </div>
      )}
      <Button type="primary" htmlType="submit" loading={busy}>
        {t('contacts.save')}
      </Button>
    </form>
  )
}
