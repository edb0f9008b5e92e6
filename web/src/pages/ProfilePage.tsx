import { useQueryClient } from '@tanstack/react-query'
import { useMe } from '../api/hooks'
import { getLang, setLang, t } from '../i18n'
import { usePageTitle } from '../lib/page'
import { setPref, usePref } from '../lib/prefs'
import { PageHead } from '../ui/atoms'
import { DataTable } from '../ui/DataTable'
import { EmptyBox } from '../ui/atoms'
import ContactsForm from './ContactsForm'
import PasswordForm from './PasswordForm'
import TotpSetup from './TotpSetup'
import { Radio } from 'antd'

export default function ProfilePage() {
  const client = useQueryClient()
  const me = useMe().data!
  const large = usePref('large')
  usePageTitle(t('profile'), me.city.platform)
  const refresh = () => void client.invalidateQueries({ queryKey: ['me'] })
  return (
    <>
      <PageHead crumbs={[{ label: t('work'), to: '/work' }, { label: t('profile') }]} title={me.person.name} sub={t('profile.sub')} />
      <section className="card" aria-label={t('profile.desks')}>
        <h2>{t('profile.desks')}</h2>
        <DataTable
          caption={t('profile.desks')}
          rows={me.desks}
          rowKey={(d) => d.id}
          empty={<EmptyBox text={t('nodesk.text')} />}
          columns={[
            { key: 'role', label: t('profile.role'), render: (d) => d.roleLabel },
            { key: 'org', label: t('profile.org'), render: (d) => d.org.name || '—' },
            { key: 'division', label: t('profile.division'), render: (d) => d.org.divisionName ?? d.org.division ?? '—' },
          ]}
        />
      </section>
      <div className="two">
        <section className="card" aria-label={t('password.title')}>
          <h2>{t('password.title')}</h2>
          <PasswordForm onDone={refresh} />
        </section>
        <section className="card" aria-label={t('totp')}>
          <h2>{t('totp')}</h2>
          <TotpSetup active={!!me.secondFactor} onDone={refresh} />
        </section>
        <section className="card" aria-label={t('contacts')}>
          <h2>{t('contacts')}</h2>
          <ContactsForm path="/api/me/contacts" onDone={() => undefined} />
        </section>
      </div>
      <section className="card" aria-label={t('profile.display')}>
        <h2>{t('profile.display')}</h2>
        <div className="two">
          <div className="field">
            <span className="label">{t('profile.size')}</span>
            <Radio.Group value={large} onChange={(e) => setPref('large', e.target.value as boolean)} aria-label={t('profile.size')}>
              <Radio value={false}>{t('profile.size.normal')}</Radio>
              <Radio value={true}>{t('large')}</Radio>
            </Radio.Group>
          </div>
          <div className="field">
            <span className="label">{t('lang.label')}</span>
            <Radio.Group value={getLang()} onChange={(e) => setLang(e.target.value as 'zh' | 'en')} aria-label={t('lang.label')}>
              <Radio value="zh">中文</Radio>
              <Radio value="en">English</Radio>
            </Radio.Group>
          </div>
        </div>
      </section>
    </>
  )
}
