/** The wire of the pages that read a sample and edit a pipeline. */
export type Guess = { confidence: number; why: string }
export type Strays = { filled?: number; section?: string; notes?: string[]; totals?: string[] }
export type RowKind = 'section' | 'note' | 'total' | 'data'
export type Reading = { entry?: string; sheet?: string; skip: number; header: number; merged?: string; missing?: string[]; multiline?: boolean; strays?: Strays; rows?: { row: number; is: RowKind }[] }
export type SourceColumn = { name: string; as?: string; identifier?: boolean; optional?: boolean }
export type Source = Omit<Reading, 'skip' | 'header'> & { kind: string; encoding?: string; delimiter?: string; archive?: string; skip?: number; header?: number; extra?: string; confirmed?: { by: string; on: string }; columns: SourceColumn[] | null }
export type TargetColumn = { name: string; from?: string; title?: string; type: string; label: string; required?: boolean; on_fail?: string }
export type StepModel = { name?: string } & Record<string, unknown>
export type PipelineModel = {
  format: string
  id: string
  version: number
  title?: string
  source: Source
  steps?: StepModel[] | null
  target: { table: string; title?: string; unit?: string; unit_domain?: string; columns: TargetColumn[] | null }
  quality?: Record<string, unknown>[] | null
}
export type ProposedColumn = { name: string; type: string; formats?: string[]; looks?: string; identifier?: boolean; filled: number; rows: number }
export type Proposal = Guess & {
  kind: string
  encoding?: string
  archive?: string
  entries?: { name: string; size: number }[] | null
  entry?: string
  sheets?: string[] | null
  sheet?: string
  records: number
  skip: number
  header: number
  data_rows: number
  partial?: boolean
  reconciled?: { record: number; kind: string; column?: string; stated: string; found: string; ok: boolean }[] | null
  columns: ProposedColumn[] | null
  not_data: (Guess & { record: number; reason: string; label: string })[] | null
  notes?: string[] | null
  pipeline: PipelineModel
}
export type ViewRow = Guess & { n: number; cells: string[]; cut?: boolean; is: string; label: string }
export type SheetView = {
  proposal: Proposal
  sheets: (Guess & { name: string; chosen: boolean; records: number; data_rows: number; skip: number; header: number })[] | null
  rows: ViewRow[]
  merged: { top: number; bottom: number; left: number; right: number }[] | null
  more: boolean
}
export type SampleState = {
  face: 'source' | 'operator' | 'reader'
  state: string
  sample?: { n: number; name: string; size: number; sha256: string; at: string; by: string; held: boolean }
  confirmed?: { n: number; by: string; at: string; draft: PipelineModel; text: string }
  declaration: string
}
export type Declared = { text: string; model?: PipelineModel; digest?: string; problem?: { path: string; message: string; code: string } }
export type Choice = { value: string; label: string }
export type StepOption = { name: string; label: string; kind: 'text' | 'integer' | 'bool' | 'choice' | 'column' | 'columns' | 'list' | 'map' | 'table'; required: boolean; options?: Choice[] | null; of?: StepOption[] | null }
export type StepKind = { kind: string; label: string; help: string; options: StepOption[] }
export type StepCountWire = { kind: string; name: string; rows_in: number; changed: number; quarantined: number; rows_out: number; reasons?: { id: string; label: string; column?: string; on_fail?: string; failed: number }[] | null }
export type Trial = {
  rows: number
  quarantined: number
  blank: number
  header: number
  steps: StepCountWire[] | null
  aside: { record: number; step: string; label: string; column?: string; cells?: string[] | null }[]
  cells: boolean
}
