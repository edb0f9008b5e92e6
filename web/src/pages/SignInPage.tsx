import { Alert } from 'antd'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { call, root } from '../api/client'
import { getLang, setLang, t } from '../i18n'
import { datetime } from '../lib/format'
import { usePageTitle } from '../lib/page'
import { setPref, usePref } from '../lib/prefs'
import SignInForm from './SignInForm'

type Health = { status: string; version?: string; businessTime?: string; city?: { name?: string; platform?: string } }

/** The frame of the pages in front of the door. */
export function Door({ title, children, wide }: { title: string; children: React.ReactNode; wide?: boolean }) {
  usePageTitle(title)
  const large = usePref('large')
  const health = useQuery({ queryKey: ['health'], queryFn: () => call<Health>('/api/health', { quiet401: true }), staleTime: 60_000 })
  return (
    <div className="door">
      <header className="door-top">
        <strong>{health.data?.city?.platform ?? t('platform')}</strong>
        <nav aria-label={t('tools')}>
          <a href={`${root}portal/`}>{t('portal')}</a>
          <button type="button" className="link" aria-pressed={large} onClick={() => setPref('large', !large)}>
            {large ? t('large.off') : t('large')}
          </button>
          <button type="button" className="link" onClick={() => setLang(getLang() === 'zh' ? 'en' : 'zh')} aria-label={`${getLang() === 'zh' ? 'EN' : '中文'} ${t('lang.label')}`}>
            {getLang() === 'zh' ? 'EN' : '中文'}
          </button>
        </nav>
      </header>
      <main id="main" className={`card door-card ${wide ? 'wide' : ''}`}>
        <h1>{title}</h1>
        {health.data?.status === 'read_only' && <Alert className="gap" type="warning" showIcon title={t('health.readonly')} />}
        {health.data?.status === 'starting' && <Alert className="gap" type="info" showIcon title={t('health.starting')} />}
        {children}
      </main>
      <footer className="door-foot">
        {health.data?.version && <span>{t('version', { v: health.data.version })}</span>}
        {health.data?.businessTime && <span>{t('businesstime', { at: datetime(health.data.businessTime) })}</span>}
      </footer>
    </div>
  )
}

/** Only addresses inside the application are followed after sign-in. */
export function safeTarget(to: string | undefined): string {
  return to && /^\/(?![/\\])/.test(to) && !to.startsWith('/sign-in') ? to : '/work'
}

export default function SignInPage() {
  const { to, out } = useSearch({ from: '/sign-in' })
  const navigate = useNavigate()
  const client = useQueryClient()
  return (
    <Door title={t('signin.title')}>
      {out && <Alert className="gap" type="success" showIcon title={t('signin.out')} />}
      {to && !out && <p className="muted">{t('signin.back')}</p>}
      <SignInForm
        onDone={(me) => {
          client.clear()
          client.setQueryData(['me'], me)
          void navigate({ href: undefined, to: safeTarget(to) as '/work', replace: true })
        }}
      />
      <p className="door-links">
        <Link to="/register">{t('register.link')}</Link>
        <a href={`${root}portal/`}>{t('portal.link')}</a>
      </p>
    </Door>
  )
}
