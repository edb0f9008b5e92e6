import { Alert, Badge, Button, Drawer, Dropdown, Input, type InputRef } from 'antd'
import { BellOutlined, DownOutlined, FontSizeOutlined, LogoutOutlined, MenuFoldOutlined, MenuOutlined, MenuUnfoldOutlined, QuestionCircleOutlined, SearchOutlined, UserOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { Link, Navigate, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { ApiError, call, query } from '../api/client'
import { useMe } from '../api/hooks'
import type { Me, SearchHit } from '../api/types'
import { getLang, setLang, t } from '../i18n'
import { appPath, datetime, deskLabel } from '../lib/format'
import { typing } from '../lib/page'
import { setPref, usePref } from '../lib/prefs'
import { ErrorBox, Loading } from '../ui/atoms'
import { Confirm } from './Confirm'
import { Idle } from './Idle'
import { Menu } from './Menu'

const TotpSetup = lazy(() => import('../pages/TotpSetup'))
const PasswordForm = lazy(() => import('../pages/PasswordForm'))

/** Whoever is signed in gets the frame; whoever is not is led to the door and back to where they were going. */
export function Shell() {
  const q = useMe()
  const here = useLocation()
  if (q.isPending) {
    return (
      <div className="plain-page">
        <Loading rows={6} />
      </div>
    )
  }
  if (!q.data) {
    // While the sign-in page is loading the shell is still drawn: it must not send there again.
    if (q.error instanceof ApiError && q.error.status === 401 && here.pathname === '/sign-in') return null
    if (q.error instanceof ApiError && q.error.status === 401) return <Navigate to="/sign-in" search={{ to: here.href === '/' ? undefined : here.href }} replace />
    return (
      <div className="plain-page">
        <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
      </div>
    )
  }
  if (q.data.mustChangePassword) {
    return (
      <div className="plain-page">
        <main id="main" className="card narrow">
          <h1>{t('password.forced')}</h1>
          <p>{t('password.forced.text')}</p>
          <Suspense fallback={<Loading rows={3} />}>
            <PasswordForm onDone={() => void q.refetch()} />
          </Suspense>
          <SignOut />
        </main>
      </div>
    )
  }
  if (q.data.mustBindFactor) {
    return (
      <div className="plain-page">
        <main id="main" className="card narrow">
          <h1>{t('totp.forced')}</h1>
          <p>{t('totp.forced.text')}</p>
          <Suspense fallback={<Loading rows={3} />}>
            <TotpSetup active={false} onDone={() => void q.refetch()} />
          </Suspense>
          <SignOut />
        </main>
      </div>
    )
  }
  return <Frame me={q.data} offline={q.isError} />
}

function Frame({ me, offline }: { me: Me; offline: boolean }) {
  const folded = usePref('folded')
  const [drawer, setDrawer] = useState(false)
  const here = useLocation()
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)

  useEffect(() => {
    setDrawer(false)
    if (first.current) first.current = false
    else main.current?.focus({ preventScroll: true })
  }, [here.pathname])

  return (
    <div className={`shell ${folded ? 'is-folded' : ''}`}>
      <button
        type="button"
        className="skip"
        onClick={() => {
          main.current?.focus()
          main.current?.scrollIntoView()
        }}
      >
        {t('skip')}
      </button>
      <header className="topbar no-print">
        <Button className="only-narrow bar-button" type="text" icon={<MenuOutlined />} aria-label={t('menu.open')} onClick={() => setDrawer(true)} />
        <Link to="/work" className="brand">
          <span className="brand-city">{me.city.name}</span>
          <span className="brand-name">{me.city.platform}</span>
        </Link>
        <GlobalSearch />
        <TopTools me={me} />
      </header>
      {me.demo && (
        <div className="banner no-print" role="note">
          <strong>{t('demo')}</strong>
          <span>{t('demo.text', { at: datetime(me.businessTime) })}</span>
        </div>
      )}
      {offline && (
        <Alert banner type="error" title={t('offline')} className="no-print" />
      )}
      <div className="body">
        <aside className="sidebar no-print only-wide" aria-label={t('menu')}>
          <Menu me={me} folded={folded} unfold={() => setPref('folded', false)} />
          <Button className="fold" type="text" icon={folded ? <MenuUnfoldOutlined /> : <MenuFoldOutlined />} aria-expanded={!folded} onClick={() => setPref('folded', !folded)}>
            {folded ? <span className="sr">{t('menu.unfold')}</span> : t('menu.fold')}
          </Button>
        </aside>
        <Drawer open={drawer} onClose={() => setDrawer(false)} placement="left" size={300} title={me.city.platform} className="menu-drawer">
          <Menu me={me} folded={false} unfold={() => undefined} />
        </Drawer>
        <main id="main" ref={main} tabIndex={-1}>
          {me.desks.every((d) => !d.org.id) && /^\/(work|new)\/?$/.test(here.pathname) && <NoDesk />}
          <Suspense fallback={<Loading rows={8} />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      <Idle me={me} />
      <Confirm me={me} />
    </div>
  )
}

function NoDesk() {
  return (
    <Alert
      className="gap no-print"
      type="info"
      showIcon
      title={t('nodesk')}
      description={t('nodesk.text')}
      action={
        <Link to="/new/$procedure" params={{ procedure: 'p04_subject' }} className="btn-link">
          {t('nodesk.start')}
        </Link>
      }
    />
  )
}

/** "/" brings the cursor here; a number that names exactly one thing opens it. */
function GlobalSearch() {
  const navigate = useNavigate()
  const input = useRef<InputRef>(null)
  const [q, setQ] = useState('')
  const [busy, setBusy] = useState(false)
  const back = useRef<HTMLElement | null>(null)

  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (e.key !== '/' || e.ctrlKey || e.metaKey || e.altKey || typing(e)) return
      e.preventDefault()
      back.current = document.activeElement as HTMLElement
      input.current?.focus({ cursor: 'all' })
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])

  const go = async () => {
    const text = q.trim()
    if (!text) return
    setBusy(true)
    try {
      const hits = (await call<{ items: SearchHit[] }>(`/api/search${query({ q: text })}`)).items ?? []
      const exact = hits.filter((h) => decodeURIComponent(h.path).toUpperCase().endsWith('/' + text.toUpperCase()))
      if (exact.length === 1) {
        await navigate({ to: appPath(exact[0]!.path) })
        setQ('')
        return
      }
    } catch {
      // the page of results says what went wrong
    } finally {
      setBusy(false)
    }
    await navigate({ to: '/search', search: { q: text } })
  }

  return (
    <form
      role="search"
      className="global-search"
      onSubmit={(e) => {
        e.preventDefault()
        void go()
      }}
    >
      <Input
        ref={input}
        value={q}
        onChange={(e) => setQ(e.target.value)}
        prefix={<SearchOutlined aria-hidden />}
        suffix={<kbd aria-hidden>/</kbd>}
        placeholder={t('search.placeholder')}
        aria-label={t('search.label')}
        aria-busy={busy}
        onKeyDown={(e) => {
          if (e.key === 'Escape') {
            input.current?.blur()
            back.current?.focus()
          }
        }}
      />
    </form>
  )
}

function TopTools({ me }: { me: Me }) {
  const large = usePref('large')
  const navigate = useNavigate()
  const client = useQueryClient()
  const desk = me.desks[0]
  return (
    <nav className="top-tools" aria-label={t('tools')}>
      <Link to="/messages" className="tool" aria-label={t('messages.count', { n: me.counts.messages })}>
        <Badge count={me.counts.messages} size="small" overflowCount={99}>
          <BellOutlined aria-hidden />
        </Badge>
      </Link>
      <button type="button" className="tool" aria-pressed={large} aria-label={large ? t('large.off') : t('large')} onClick={() => setPref('large', !large)}>
        <FontSizeOutlined aria-hidden />
        <span className="tool-text">{large ? t('large.off') : t('large')}</span>
      </button>
      <button type="button" className="tool" onClick={() => setLang(getLang() === 'zh' ? 'en' : 'zh')} aria-label={`${getLang() === 'zh' ? 'EN' : '中文'} ${t('lang.label')}`}>
        {getLang() === 'zh' ? 'EN' : '中文'}
      </button>
      <Link to="/help" className="tool" aria-label={t('help')}>
        <QuestionCircleOutlined aria-hidden />
        <span className="tool-text">{t('help')}</span>
      </Link>
      <Dropdown
        trigger={['click']}
        menu={{
          items: [
            ...me.desks.map((d) => ({ key: d.id, disabled: true, label: deskLabel(d) })),
            ...(me.desks.length ? [{ type: 'divider' as const }] : []),
            { key: 'profile', icon: <UserOutlined />, label: t('profile') },
            { key: 'jobs', label: t('jobs') },
            { key: 'out', icon: <LogoutOutlined />, label: t('signout') },
          ],
          onClick: ({ key }) => {
            if (key === 'profile') void navigate({ to: '/profile' })
            else if (key === 'jobs') void navigate({ to: '/jobs' })
            else if (key === 'out') void signOut(client.clear.bind(client))
          },
        }}
      >
        <button type="button" className="tool person">
          <span className="person-name">{me.person.name}</span>
          {desk && (
            <span className="person-desk">
              {desk.roleLabel}
              {me.desks.length > 1 && ` +${me.desks.length - 1}`}
            </span>
          )}
          <DownOutlined aria-hidden />
          <span className="sr">{t('person.menu')}</span>
        </button>
      </Dropdown>
    </nav>
  )
}

async function signOut(clear: () => void) {
  try {
    await call('/api/session', { method: 'DELETE', quiet401: true })
  } catch {
    // the cookie may be gone already; the door is the right place all the same
  }
  clear()
  location.assign(document.querySelector('meta[name="pado-base"]')?.getAttribute('content') + 'sign-in?out=1')
}

function SignOut() {
  const client = useQueryClient()
  return (
    <Button type="link" onClick={() => void signOut(() => client.clear())}>
      {t('signout')}
    </Button>
  )
}
