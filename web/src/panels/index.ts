import { lazy, type ComponentType, type LazyExoticComponent } from 'react'
import type { Form, Section } from '../api/types'

/** What a panel is given: its section and, on a case page, the case it stands in. It draws no acts of its own. */
export type PanelProps = { section: Section; caseNo?: string; form?: Form }

/**
 * Every hand-made part of a page, by the name the server puts in a section's
 * `panel`. A name not here is shown as needing a newer version of the pages.
 */
export const panels: Record<string, LazyExoticComponent<ComponentType<PanelProps>>> = {
  calculation: lazy(() => import('./Calculation')),
  cartogram: lazy(() => import('./Cartogram')),
  dimensions: lazy(() => import('./Dimensions')),
  hookup: lazy(() => import('./Hookup')),
  lineage: lazy(() => import('./Lineage')),
  profiles: lazy(() => import('./Profiles')),
  scores: lazy(() => import('./Scores')),
  stepcounts: lazy(() => import('./StepCounts')),
  steps: lazy(() => import('./Flow')),
  trend: lazy(() => import('./Trend')),
  versions: lazy(() => import('./Versions')),
}
