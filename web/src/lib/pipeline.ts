import type { PipelineModel, StepKind, StepModel, StepOption } from '../api/reading'

/** Which kind of step this is: the one key beside its name. */
export const kindOf = (s: StepModel): string => Object.keys(s).find((k) => k !== 'name' && s[k] !== undefined && s[k] !== null) ?? ''

/** The columns the steps know, in order: of the source, the carried heading, what steps derive. */
export function columnsOf(p: PipelineModel): string[] {
  const out = (p.source.columns ?? []).map((c) => c.as || c.name)
  if (p.source.strays?.section) out.push(p.source.strays.section)
  for (const s of p.steps ?? []) {
    const made = (s.derive as { column?: string } | undefined)?.column
    if (made && !out.includes(made)) out.push(made)
  }
  return out
}

/** What a column of the steps is called in the file, beside its name in the steps. */
export function labelsOf(p: PipelineModel): Record<string, string> {
  const out: Record<string, string> = {}
  for (const c of p.source.columns ?? []) if (c.as && c.as !== c.name) out[c.as] = `${c.as} ${c.name}`
  return out
}

/** A fresh step with what its declaration asks for left empty, to be filled in. */
export function fresh(k: StepKind): StepModel {
  const body: Record<string, unknown> = {}
  for (const o of k.options) if (o.required) body[o.name] = empty(o)
  return { [k.kind]: body }
}

export function empty(o: StepOption): unknown {
  switch (o.kind) {
    case 'columns':
    case 'list':
    case 'table':
      return []
    case 'map':
      return {}
    case 'integer':
      return 0
    case 'bool':
      return false
    case 'choice':
      return o.options?.[0]?.value ?? ''
  }
  return ''
}

/** A list with one of its members moved by one place; the same list where it cannot move. */
export function moved<T>(list: readonly T[], i: number, by: 1 | -1): T[] {
  const to = i + by
  if (to < 0 || to >= list.length) return [...list]
  const out = [...list]
  ;[out[i], out[to]] = [out[to]!, out[i]!]
  return out
}

/** Which step a fault stands in, −1 for none: "steps[2].check.rules[0].column" → 2. */
export function stepOf(path: string | undefined): number {
  const m = /^steps\[(\d+)\]/.exec(path ?? '')
  return m ? Number(m[1]) : -1
}

/** What a step does in a few words, from its settings. */
export function gist(s: StepModel, k: StepKind | undefined, names: Record<string, string> = {}): string {
  const body = (s[kindOf(s)] ?? {}) as Record<string, unknown>
  const parts: string[] = []
  for (const o of k?.options ?? []) {
    const v = body[o.name]
    if (v === undefined || v === '' || v === false || (Array.isArray(v) && !v.length)) continue
    if (o.kind === 'table') parts.push(`${o.label} ${(v as unknown[]).length}`)
    else if (o.kind === 'map') parts.push(`${o.label.replace(/（.*/, '')} ${Object.keys(v as object).length}`)
    else if (Array.isArray(v)) parts.push(v.includes('*') ? '全部字段' : (v as string[]).map((x) => names[x] ?? x).join('、'))
    else parts.push(o.options?.find((x) => x.value === v)?.label ?? (v === true ? o.label : (names[String(v)] ?? String(v))))
  }
  return parts.join(' · ')
}
