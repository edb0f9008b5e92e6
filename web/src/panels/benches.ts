import type { Key } from '../i18n'

/** Records with a work place of their own beside their page: where it is, and what its link says. */
export const benches: Record<string, { path: (key: string) => string; label: Key }> = {
  projects: { path: (key) => `/projects/${encodeURIComponent(key)}`, label: 'bench.projects' },
  orders: { path: (key) => `/orders/${encodeURIComponent(key)}/keys`, label: 'bench.orders' },
}
