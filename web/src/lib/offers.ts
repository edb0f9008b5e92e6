import type { Case, Form, Offer } from '../api/types'

const weight = { primary: 0, default: 1, danger: 2 } as const
const kinds = { chain: 0, step: 0, common: 1 } as const

/** Acts whose whole point is a word or a file: they stand together under 更多. */
export type Bar = {
  /** Shown as buttons: what this reader may do now, the main act first, the dangerous last. */
  main: Offer[]
  /** Allowed, but in the menu: the common acts. */
  more: Offer[]
  /** Not possible now, each with the reason. */
  refused: Offer[]
}

export function bar(offers: readonly Offer[]): Bar {
  const order = (a: Offer, b: Offer) =>
    kinds[a.kind] - kinds[b.kind] || (weight[a.style] ?? 1) - (weight[b.style] ?? 1)
  const allowed = offers.filter((o) => o.allowed).sort(order)
  return {
    main: allowed.filter((o) => o.kind !== 'common'),
    more: allowed.filter((o) => o.kind === 'common'),
    refused: offers.filter((o) => !o.allowed).sort(order),
  }
}

/** Key of an offer: one act may be offered to several desks of the same person. */
export const offerKey = (o: Offer): string => `${o.action}@${o.as}`

/** Whether the person must have typed something before a rehearsal makes sense. */
export function needsInput(o: Offer): boolean {
  return o.needsOpinion || o.fields.some((f) => f.required && !f.readOnly)
}

/** Words to type before an irreversible act: the case's number, blanks and case aside. */
export function confirms(typed: string, no: string): boolean {
  const norm = (s: string) => s.replace(/\s+/g, '').toUpperCase()
  return norm(typed) !== '' && norm(typed) === norm(no)
}

/** Whether an act takes the form with it. Where the server marks none, the main step of the procedure does. */
export function edits(o: Offer, all: readonly Offer[]): boolean {
  if (all.some((x) => x.edits !== undefined)) return !!o.edits
  return o.kind === 'step' && o.style === 'primary'
}

/** Whether the form may be typed into: something in it is open, and an allowed act would take it along. */
export function canEdit(c: Pick<Case, 'editable' | 'fields' | 'offers' | 'state'>): boolean {
  if (c.state.terminal || !c.fields.some((f) => !f.readOnly)) return false
  return c.editable ?? c.offers.some((o) => o.allowed && edits(o, c.offers))
}

/** Fields that differ between two forms, by deep comparison of their JSON. */
export function changedFields(before: Form, after: Form): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].filter((n) => JSON.stringify(before[n] ?? null) !== JSON.stringify(after[n] ?? null)).sort()
}

/**
 * After somebody else moved the case: what they changed, what this reader had
 * typed, and a form that keeps every typed word over the new base.
 */
export function rebase(base: Form, mine: Form, theirs: Form): { form: Form; kept: string[]; conflicts: string[] } {
  const typed = changedFields(base, mine)
  const moved = new Set(changedFields(base, theirs))
  const form: Form = { ...theirs }
  for (const n of typed) form[n] = mine[n]
  return { form, kept: typed, conflicts: typed.filter((n) => moved.has(n)) }
}
