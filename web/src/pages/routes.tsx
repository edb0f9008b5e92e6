import { lazy, Suspense, type ReactNode } from 'react'
import { useParams, useSearch } from '@tanstack/react-router'
import { Loading } from '../ui/atoms'

// Pages take plain properties; what the address says is read here and only here.
const CasePage = lazy(() => import('./CasePage'))
const NewCasePage = lazy(() => import('./NewCasePage'))
const RegisterListPage = lazy(() => import('./RegisterListPage'))
const EntryPage = lazy(() => import('./EntryPage'))
const HelpProcedurePage = lazy(() => import('./HelpProcedurePage'))
const KeysPage = lazy(() => import('./KeysPage'))
const ProjectPage = lazy(() => import('./ProjectPage'))

const SheetPage = lazy(() => import('./SheetPage'))
const SourcePage = lazy(() => import('./SourcePage'))
const PipelinePage = lazy(() => import('./PipelinePage'))
const AccountPage = lazy(() => import('./AccountPage'))
const LogEntryPage = lazy(() => import('./LogEntryPage'))

const wait = (node: ReactNode) => <Suspense fallback={<Loading rows={8} />}>{node}</Suspense>

export function CaseRoute() {
  const { no } = useParams({ from: '/shell/cases/$no' })
  const { act } = useSearch({ from: '/shell/cases/$no' })
  return wait(<CasePage key={no} no={no} startAct={act} />)
}
export function NewCaseRoute() {
  const { procedure } = useParams({ from: '/shell/new/$procedure' })
  const search = useSearch({ from: '/shell/new/$procedure' })
  return wait(<NewCasePage key={procedure} id={procedure} search={search} />)
}
export function RegisterRoute() {
  const { id } = useParams({ from: '/shell/registers/$id' })
  const search = useSearch({ from: '/shell/registers/$id' })
  return wait(<RegisterListPage key={id} id={id} search={search} />)
}
export function EntryRoute() {
  const { id, key } = useParams({ from: '/shell/registers/$id/$key' })
  return wait(<EntryPage key={`${id}/${key}`} id={id} entry={key} />)
}
export function HelpProcedureRoute() {
  const { procedure } = useParams({ from: '/shell/help/$procedure' })
  return wait(<HelpProcedurePage key={procedure} id={procedure} />)
}
export function ProjectRoute() {
  const { no } = useParams({ from: '/shell/projects/$no' })
  return wait(<ProjectPage key={no} no={no} />)
}
export function KeysRoute() {
  const { order } = useParams({ from: '/shell/orders/$order/keys' })
  return wait(<KeysPage key={order} order={order} />)
}
export function AccountRoute() {
  const { user } = useParams({ from: '/shell/accounts/$user' })
  return wait(<AccountPage key={user} user={user} />)
}
export function LogEntryRoute() {
  const { seq } = useParams({ from: '/shell/log/$seq' })
  return wait(<LogEntryPage key={seq} seq={seq} />)
}
export function ReadingRoute() {
  const { no } = useParams({ from: '/shell/cases/$no/reading' })
  return wait(<SheetPage key={no} no={no} />)
}
export function PipelineRoute() {
  const { no } = useParams({ from: '/shell/cases/$no/pipeline' })
  return wait(<PipelinePage key={no} no={no} />)
}
export function SourceRoute() {
  const { org } = useSearch({ from: '/shell/source' })
  return wait(<SourcePage key={org} org={org} />)
}
