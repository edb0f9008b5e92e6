/**
 * The wire, as the API contract states it. Times are RFC 3339 with +08:00,
 * dates YYYY-MM-DD, money a decimal string of yuan. Nothing here is a rule:
 * the browser draws what it is told.
 */
import type { components } from './schema'

/** A list of the wire is never null: the server sends an empty one. */
type Filled<T> = T extends null ? never : T extends (infer E)[] ? Filled<E>[] : T extends object ? { [K in keyof T]: Filled<T[K]> } : T

/** A shape of the platform's description, from which schema.d.ts is generated (npm run types). */
type Schema<K extends keyof components['schemas']> = Filled<Omit<components['schemas'][K], '$schema'>>

export type Ref = { id: string; name: string }
export type ClauseRef = { id: string; title: string }
export type Desk = { id: string; role: string; roleLabel: string; org: { id: string; name: string; division?: string; divisionName?: string }; lead?: boolean; behalf?: string }
export type MenuLeaf = { key: string; label: string; path: string }
export type MenuGroup = { key: string; label: string; icon?: string; path?: string; children?: MenuLeaf[] }

export type Me = {
  person: Ref
  desks: Desk[]
  menu: MenuGroup[]
  counts: { todo: number; overdue: number; soon?: number; messages: number }
  city: { code: string; name: string; platform: string }
  demo: boolean
  businessTime: string
  mustChangePassword: boolean
  watermark: string
  /** Minutes without a request after which the server forgets the session. */
  idleMinutes?: number
  /** The second factor is set up. */
  secondFactor?: boolean
  /** The second factor must be set up before anything else. */
  mustBindFactor?: boolean
}

export type FieldKind =
  | 'text' | 'longtext' | 'number' | 'integer' | 'money' | 'percent' | 'date' | 'datetime'
  | 'choice' | 'choices' | 'bool' | 'org' | 'person' | 'case' | 'catalogue' | 'product'
  | 'ref' | 'refs' | 'uscc' | 'idcard' | 'phone' | 'file' | 'files' | 'table' | 'json'

export type Option = { value: string; label: string; hint?: string }

export type Field = {
  name: string
  label: string
  kind: FieldKind
  clause?: ClauseRef | string
  required?: boolean
  help?: string
  unit?: string
  options?: Option[]
  names?: Option[]
  source?: string
  max?: number | string
  min?: number | string
  pattern?: string
  rows?: Field[]
  showIf?: { field: string; in: unknown[] }
  readOnly?: boolean
  secret?: boolean
  section?: string
}

export type Form = Record<string, unknown>

export type Due = {
  at?: string
  date?: string
  label: string
  level: 'ok' | 'soon' | 'overdue' | 'unresolved'
  remaining?: number
  elapsed: number
  total?: number
  unit: 'working_day' | 'hour' | 'day'
  source: string
}

export type CaseRow = {
  no: string
  procedure: string
  procedureTitle: string
  title: string
  state: string
  stateLabel: string
  ownerLabel: string
  due: Due | null
  since: string
  updated: string
  org: Ref
  tenant: { code: string; name: string } | string
  backfill: boolean
  urged: number
}

export type Attachment = Schema<'AttachmentWire'>

export type Event = {
  n: number
  at: string
  actor: { name: string; org: string; role?: string }
  onBehalf?: string
  action: string
  label: string
  from: string
  to: string
  toLabel: string
  opinion?: string
  clause: ClauseRef | string
  changed?: { field: string; label: string; before: unknown; after: unknown }[]
  fields?: Field[]
  input?: Form
  elapsed?: { days: number; unit: string } | number
  docNo?: string
  attachments?: Attachment[]
  seq: number
  result: string
}

export type Refusal = { code: string; clause?: ClauseRef | string; message: string }

export type Offer = {
  action: string
  label: string
  as: string
  kind: 'step' | 'common' | 'chain'
  style: 'primary' | 'default' | 'danger'
  needsOpinion: boolean
  irreversible: boolean
  consequence?: string
  clause: ClauseRef | string
  fields: Field[]
  allowed: boolean
  refusal?: Refusal
  /** Role that could take the act, in the server's words. */
  byLabel?: string
  /** The act takes the case's form with it. */
  edits?: boolean
  /** The act records what was decided elsewhere (补录) and needs its evidence. */
  backfill?: boolean
}

export type Column = {
  key: string
  label: string
  kind: 'text' | 'money' | 'int' | 'date' | 'datetime' | 'tag' | 'code' | 'percent' | 'link'
  align?: 'left' | 'right' | 'center'
  width?: number
  primary?: boolean
}

export type Tone = 'ok' | 'warn' | 'bad' | 'muted'
export type Cell = string | number | boolean | null | undefined | { text: string; tone?: Tone; href?: string }
export type Cells = Record<string, Cell>
export type Row = { key?: string; cells: Cells }

export type Section = {
  kind: 'fields' | 'table' | 'difference' | 'document' | 'chart' | 'keyvalues' | 'panel' | (string & {})
  title: string
  clause?: ClauseRef | string
  fields?: string[]
  columns?: Column[]
  rows?: (Row | Record<string, unknown>)[]
  items?: { label: string; value: Cell; clause?: ClauseRef | string }[]
  panel?: string
  note?: string
  chart?: 'bar' | 'line' | 'pie'
  document?: string
}

export type Phase = { id: string; label: string; status: 'done' | 'current' | 'future'; at?: string; by?: string }
export type ChainStage = { stage: string; label: string; person?: string; by?: string; name?: string; at?: string; opinion?: string }
export type Chain = { org: string | Ref; step: string; label: string; stage: string; stages: ChainStage[]; docNo?: string }

export type Case = {
  no: string
  procedure: { id: string; title: string; clause: ClauseRef | string; kind: 'ordinary' | 'filing' }
  title: string
  state: { id: string; label: string; terminal: boolean }
  revision: number | string
  etag: string
  tenant: { code: string; name: string } | string
  tenantName?: string
  backfill: boolean
  /** Read only as the body that supervises. */
  overseen?: boolean
  form: Form
  fields: Field[]
  sections: Section[]
  phases: Phase[]
  due: Due | null
  parties: { role: string; roleLabel: string; org: Ref; person?: string | Ref }[]
  history: Event[]
  offers: Offer[]
  attachments: Attachment[]
  documents: { kind: string; title: string; formats: string[] }[]
  chain?: Chain | null
  proof?: { seq: number; url: string } | null
  draft?: { form: Form; at: string } | null
  /** Whether the form may be typed into by this reader in this state. */
  editable?: boolean
}

export type FieldError = { path: string; message: string; clause?: ClauseRef | string }

export type DryRun = {
  ok: boolean
  to?: string
  toLabel?: string
  effects?: string[]
  due?: Due | null
  refusal?: Refusal
  errors?: FieldError[]
}

export type ProcedureItem = {
  id: string
  title: string
  clause: ClauseRef | string
  group: string
  startable: boolean
  startAs?: string[]
  why?: string
}

export type ProcedureDetail = {
  id: string
  title: string
  clause: ClauseRef | string
  kind: 'ordinary' | 'filing'
  states: {
    id: string
    label: string
    owner?: string
    ownerLabel?: string
    within?: { key: string; value?: string; days?: number; unit?: string; source?: string }
    terminal?: boolean
  }[]
  steps: { action: string; label: string; by: string; byLabel: string; from: string[]; to: string; clause: ClauseRef | string; rules?: string[] }[]
  fields: Field[]
}

export type Page<T> = { items: T[]; next?: string; total?: number }

export type RegisterItem = { id: string; title: string; clause: ClauseRef | string; group: string; count?: number }
export type RegisterPage = {
  id: string
  title: string
  clause: ClauseRef | string
  columns: Column[]
  filters: { key: string; label: string; options: { value: string; label: string; count?: number }[] }[]
  rows: { key: string; cells: Cells }[]
  next?: string
  total: number
  /** Rows have pages of their own. */
  items?: boolean
}
export type RegisterEntry = {
  title: string
  subtitle?: string
  clause: ClauseRef | string
  sections: Section[]
  cases: CaseRow[]
  starts: { procedure: string; title: string; prefill?: Form }[]
  proof?: { seq: number; url: string } | null
}

export type Message = { id: string; kind: 'todo' | 'system'; title: string; body: string; caseNo?: string; at: string; read: boolean }
export type Messages = { items: Message[]; next?: string; unread: number }

export type SearchHit = { kind: string; title: string; subtitle: string; path: string }

export type Job = {
  id: string
  kind: string
  title: string
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled'
  done: number
  total: number
  step: string
  startedAt: string
  finishedAt?: string
  error?: string
  result?: string | { url?: string; title?: string } | null
  caseNo?: string
  cancelling?: boolean
  resumable?: boolean
}

export type ProjectColumn = { name: string; label: string; type: string; role: string; lo?: string; hi?: string; grid?: string; domain?: string[] | null }
/** A question in the history, or the answer of asking one; a dry run answers with state "planned" and its price. */
export type Question = {
  id?: string
  n?: number
  at?: string
  by?: string
  sql?: string
  state: string
  price?: number
  rho?: number
  columns?: (string | { name: string; label?: string; type?: string; from?: string })[]
  rows?: unknown[][] | Record<string, unknown>[]
  withheld?: number
  /** Half widths of the figures, beside the rows. */
  interval?: unknown
  halfWidths?: unknown
  truncated?: boolean
  repeated?: boolean
  aggregates?: { title: string; half_width: number }[]
  message?: string
  code?: string
}
export type Project = {
  no: string
  title: string
  state: string
  stateReason?: string
  purpose?: string
  mayAsk?: boolean
  period: { from: string; to: string }
  tables: { name: string; label: string; unit?: string; rows?: number; columns: ProjectColumn[] }[]
  budget: { total: number; spent: number; left: number; day?: number; daySpent?: number; unit: string }
  questions: Question[]
}

export type Seat = Schema<'SeatWire'>
export type Account = Schema<'AccountWire'>
export type AccountPage = Schema<'AccountView'>
export type LogLeaf = Schema<'LeafWire'>
export type LogProof = Schema<'LogProofWire'>
export type LogEntry = Schema<'LogEntryWire'>

/** A key of an order. `secret` is there once, in the answer that issues it. */
export type ApiKey = Schema<'KeyView'>

export type Problem = {
  type?: string
  title?: string
  status: number
  detail?: string
  code?: string
  clause?: ClauseRef | string
  message?: string
  rewrite?: string
  errors?: FieldError[]
  number?: string
}
