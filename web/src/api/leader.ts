import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { call, query } from './client'
import type { CaseRow, Page, Ref } from './types'

/** What one organisation owes. */
export type LeaderUnit = { org: Ref; open: number; soon: number; overdue: number; oldestDays: number }
export type Leader = {
  asOf: string
  /** The reader governs the division and may 督办; any other lead sees the own organisation. */
  supervise: boolean
  totals: { open: number; soon: number; overdue: number; closedThisWeek: number }
  units: LeaderUnit[]
}
export type LedRow = CaseRow & { etag: string; supervised: boolean }
export type Pressed = CaseRow & {
  supervised: boolean
  pressed: { at: string; by: string; org: string; word?: string }
  answer?: { at: string; label: string; org: string }
  waitedDays: number
}

export const kinds = ['overdue', 'soon', 'open', 'pressed'] as const
export type Kind = (typeof kinds)[number]
/** Which list the address asks for: the overdue one unless it names another. */
export const kindOf = (s: string | undefined): Kind => ((kinds as readonly string[]).includes(s ?? '') ? (s as Kind) : 'overdue')

export type LedQuery = { unit?: string; cursor?: string; size?: number }
export const useLeader = () => useQuery({ queryKey: ['leader'], queryFn: () => call<Leader>('/api/leader') })
export const useLed = (kind: Kind, p: LedQuery) =>
  useQuery({
    queryKey: ['leader', 'cases', kind, p],
    enabled: kind !== 'pressed',
    queryFn: () => call<Page<LedRow>>(`/api/leader/cases${query({ kind, ...p })}`),
    placeholderData: keepPreviousData,
  })
export const usePressed = (on: boolean, p: LedQuery) =>
  useQuery({
    queryKey: ['leader', 'pressed', p],
    enabled: on,
    queryFn: () => call<Page<Pressed>>(`/api/leader/pressed${query(p)}`),
    placeholderData: keepPreviousData,
  })
