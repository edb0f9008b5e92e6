import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router'
import { base } from './api/client'
import { t } from './i18n'
import { Shell } from './shell/Shell'
import { EmptyBox, ErrorBox, PageHead } from './ui/atoms'
import { Link } from '@tanstack/react-router'

type Search = Record<string, string | undefined>

/** Every search parameter is a string or absent: an address typed by hand cannot break a page. */
const strings = (raw: Record<string, unknown>): Search => {
  const out: Search = {}
  for (const [k, v] of Object.entries(raw)) if (v !== undefined && v !== null && v !== '' && typeof v !== 'object') out[k] = String(v)
  return out
}

const rootRoute = createRootRoute({ component: Outlet, notFoundComponent: NotFound })
const signIn = createRoute({ getParentRoute: () => rootRoute, path: '/sign-in', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/SignInPage')) })
const register = createRoute({ getParentRoute: () => rootRoute, path: '/register', component: lazyRouteComponent(() => import('./pages/RegisterPage')) })
const shell = createRoute({ getParentRoute: () => rootRoute, id: 'shell', component: Shell, notFoundComponent: NotFound })

const index = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/work', replace: true })
  },
})
const work = createRoute({ getParentRoute: () => shell, path: '/work', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/WorkPage')) })
const casePage = createRoute({ getParentRoute: () => shell, path: '/cases/$no', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/routes'), 'CaseRoute') })
const reading = createRoute({ getParentRoute: () => shell, path: '/cases/$no/reading', component: lazyRouteComponent(() => import('./pages/routes'), 'ReadingRoute') })
const pipeline = createRoute({ getParentRoute: () => shell, path: '/cases/$no/pipeline', component: lazyRouteComponent(() => import('./pages/routes'), 'PipelineRoute') })
const source = createRoute({ getParentRoute: () => shell, path: '/source', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/routes'), 'SourceRoute') })
const newList = createRoute({ getParentRoute: () => shell, path: '/new', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/NewPage')) })
const newCase = createRoute({ getParentRoute: () => shell, path: '/new/$procedure', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/routes'), 'NewCaseRoute') })
const registers = createRoute({ getParentRoute: () => shell, path: '/registers', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/RegistersPage')) })
const registerList = createRoute({ getParentRoute: () => shell, path: '/registers/$id', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/routes'), 'RegisterRoute') })
const registerItem = createRoute({ getParentRoute: () => shell, path: '/registers/$id/$key', component: lazyRouteComponent(() => import('./pages/routes'), 'EntryRoute') })
const messages = createRoute({ getParentRoute: () => shell, path: '/messages', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/MessagesPage')) })
const search = createRoute({ getParentRoute: () => shell, path: '/search', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/SearchPage')) })
const jobs = createRoute({ getParentRoute: () => shell, path: '/jobs', component: lazyRouteComponent(() => import('./pages/JobsPage')) })
const leader = createRoute({ getParentRoute: () => shell, path: '/leader', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/LeaderPage')) })
const help = createRoute({ getParentRoute: () => shell, path: '/help', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/HelpPage')) })
const helpProcedure = createRoute({ getParentRoute: () => shell, path: '/help/$procedure', component: lazyRouteComponent(() => import('./pages/routes'), 'HelpProcedureRoute') })
const profile = createRoute({ getParentRoute: () => shell, path: '/profile', component: lazyRouteComponent(() => import('./pages/ProfilePage')) })
const projects = createRoute({ getParentRoute: () => shell, path: '/projects/$no', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/routes'), 'ProjectRoute') })

const keys = createRoute({ getParentRoute: () => shell, path: '/orders/$order/keys', component: lazyRouteComponent(() => import('./pages/routes'), 'KeysRoute') })
const accounts = createRoute({ getParentRoute: () => shell, path: '/accounts', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/AccountsPage')) })
const account = createRoute({ getParentRoute: () => shell, path: '/accounts/$user', component: lazyRouteComponent(() => import('./pages/routes'), 'AccountRoute') })
const log = createRoute({ getParentRoute: () => shell, path: '/log', validateSearch: strings, component: lazyRouteComponent(() => import('./pages/LogPage')) })
const logEntry = createRoute({ getParentRoute: () => shell, path: '/log/$seq', component: lazyRouteComponent(() => import('./pages/routes'), 'LogEntryRoute') })

const tree = rootRoute.addChildren([
  signIn,
  register,
  shell.addChildren([index, work, casePage, reading, pipeline, source, newList, newCase, registers, registerList, registerItem, messages, search, jobs, leader, help, helpProcedure, profile, projects, keys, accounts, account, log, logEntry]),
])

export const router = createRouter({
  routeTree: tree,
  basepath: base,
  defaultPreload: 'intent',
  scrollRestoration: true,
  // addresses stay plain: ?tab=todo, not JSON
  parseSearch: (s) => Object.fromEntries(new URLSearchParams(s)),
  stringifySearch: (o) => {
    const q = new URLSearchParams()
    for (const [k, v] of Object.entries(o)) if (v !== undefined && v !== null && v !== '') q.set(k, String(v))
    const s = q.toString()
    return s ? `?${s}` : ''
  },
  defaultErrorComponent: ({ error, reset }) => <ErrorBox error={error} retry={reset} />,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

function NotFound() {
  return (
    <>
      <PageHead crumbs={[{ label: t('work'), to: '/work' }]} title={t('notfound')} />
      <EmptyBox text={t('notfound.text')}>
        <Link to="/work" className="btn-link">
          {t('notfound.home')}
        </Link>
      </EmptyBox>
    </>
  )
}
