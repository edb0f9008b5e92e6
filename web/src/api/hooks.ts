import { keepPreviousData, QueryClient, useQuery } from '@tanstack/react-query'
import { ApiError, call, query } from './client'
import type {
  Case, CaseRow, Job, Me, Messages, Option, Page, ProcedureDetail, ProcedureItem, Project, RegisterEntry, RegisterItem, RegisterPage, SearchHit,
} from './types'

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: true,
      // an answer of the server is final; only a broken line is worth another try
      retry: (n, e) => n < 2 && e instanceof ApiError && (e.status === 0 || e.status === 502 || e.status === 504),
      retryDelay: (n) => 600 * (n + 1),
    },
  },
})

export const useMe = () =>
  useQuery({ queryKey: ['me'], queryFn: () => call<Me>('/api/me', { quiet401: !queryClient.getQueryData(['me']) }), staleTime: 30_000 })

export type CaseQuery = { tab?: string; procedure?: string; state?: string; q?: string; cursor?: string; size?: number }
export const useCases = (p: CaseQuery) =>
  useQuery({
    queryKey: ['cases', p],
    queryFn: () => call<Page<CaseRow>>(`/api/cases${query(p)}`),
    placeholderData: keepPreviousData,
  })

export const caseKey = (no: string) => ['case', no]
export const useCase = (no: string) =>
  useQuery({ queryKey: caseKey(no), queryFn: () => call<Case>(`/api/cases/${encodeURIComponent(no)}`), refetchOnWindowFocus: false })

export const useProcedures = () =>
  useQuery({ queryKey: ['procedures'], queryFn: () => call<{ items: ProcedureItem[] }>('/api/procedures').then((x) => x.items ?? []), staleTime: 60_000 })

export const useProcedure = (id: string | undefined) =>
  useQuery({ queryKey: ['procedure', id], enabled: !!id, queryFn: () => call<ProcedureDetail>(`/api/procedures/${encodeURIComponent(id!)}`), staleTime: 300_000 })

export const useRegisters = () =>
  useQuery({ queryKey: ['registers'], queryFn: () => call<{ items: RegisterItem[] }>('/api/registers').then((x) => x.items ?? []), staleTime: 60_000 })

export const useRegister = (id: string, params: Record<string, string | undefined>) =>
  useQuery({
    queryKey: ['register', id, params],
    queryFn: () => call<RegisterPage>(`/api/registers/${encodeURIComponent(id)}${query(params)}`),
    placeholderData: (old, previous) => (previous?.queryKey[1] === id ? old : undefined),
  })

export const useRegisterEntry = (id: string, key: string) =>
  useQuery({ queryKey: ['entry', id, key], queryFn: () => call<RegisterEntry>(`/api/registers/${encodeURIComponent(id)}/items/${encodeURIComponent(key)}`) })

export const useMessages = (p: { kind?: string; unread?: string; cursor?: string }) =>
  useQuery({ queryKey: ['messages', p], queryFn: () => call<Messages>(`/api/messages${query(p)}`), placeholderData: keepPreviousData })

export const useSearch = (q: string) =>
  useQuery({ queryKey: ['search', q], enabled: q.trim() !== '', queryFn: () => call<{ items: SearchHit[] }>(`/api/search${query({ q })}`).then((x) => x.items ?? []) })

export const useJobs = () =>
  useQuery({
    queryKey: ['jobs'],
    // an installation without long work has no such list: that is no job, not a fault
    queryFn: () =>
      call<{ items: Job[] }>('/api/jobs?mine=1').then(
        (x) => x.items ?? [],
        (e) => {
          if (e instanceof ApiError && e.status === 404) return [] as Job[]
          throw e
        },
      ),
    refetchInterval: (q) => (q.state.data?.some((j) => j.state === 'queued' || j.state === 'running') ? 2_000 : 30_000),
  })

export const useProject = (no: string) => useQuery({ queryKey: ['project', no], queryFn: () => call<Project>(`/api/projects/${encodeURIComponent(no)}`) })

/** Choices of a declared source, narrowed by what was typed. */
export const useChoices = (source: string | undefined, q: string, enabled = true) =>
  useQuery({
    queryKey: ['choices', source, q],
    enabled: enabled && !!source,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: () => {
      const sep = source!.includes('?') ? '&' : '?'
      return call<{ items: Option[] }>(`${source}${q ? `${sep}q=${encodeURIComponent(q)}` : ''}`).then((x) => x.items ?? [])
    },
  })
