import { useChoices } from '../api/hooks'
import type { Cell, Field, Form } from '../api/types'
import { t } from '../i18n'
import { date, datetime, integer, money, percent } from '../lib/format'
import { Clause, SmartLink } from '../ui/atoms'
import { DataTable } from '../ui/DataTable'
import { AttachmentLink, useShelf } from './files'
import { sourceOf } from './FieldInput'
import { isEmpty, shown } from './model'

/** A value as people read it. */
export function ValueView({ field, value }: { field: Field; value: unknown }) {
  if (isEmpty(value)) return <span className="muted">{t('value.none')}</span>
  switch (field.kind) {
    case 'money':
      return (
        <span className="figure">
          {money(value)} {field.unit ?? t('unit.yuan')}
        </span>
      )
    case 'integer':
      return (
        <span className="figure">
          {integer(value)} {field.unit}
        </span>
      )
    case 'number':
      return (
        <span className="figure">
          {String(value)} {field.unit}
        </span>
      )
    case 'percent':
      return <span className="figure">{percent(value)}%</span>
    case 'date':
      return <>{date(value)}</>
    case 'datetime':
      return <>{datetime(value)}</>
    case 'bool':
      return <>{value ? t('yes') : t('no')}</>
    case 'choice':
    case 'choices':
    case 'org':
    case 'person':
    case 'case':
    case 'catalogue':
    case 'product':
    case 'ref':
    case 'refs':
      return <>{(Array.isArray(value) ? value : [value]).map((v, i) => <ChoiceView key={i} field={field} value={v} first={i === 0} />)}</>
    case 'file':
    case 'files':
      return <FilesView ids={(Array.isArray(value) ? value : [value]) as string[]} />
    case 'table':
      return (
        <DataTable<Form>
          caption={field.label}
          frame="cards"
          rows={Array.isArray(value) ? (value as Form[]) : []}
          rowKey={(_, i) => String(i)}
          columns={(field.rows ?? []).map((c) => ({
            key: c.name,
            label: c.label,
            right: c.kind === 'money' || c.kind === 'integer' || c.kind === 'number' || c.kind === 'percent',
            render: (r) => (shown(c, r) ? <ValueView field={c} value={r[c.name]} /> : <span className="muted">—</span>),
          }))}
        />
      )
    case 'json':
      return <pre className="json">{JSON.stringify(value, null, 2)}</pre>
    case 'uscc':
    case 'idcard':
      return <code>{String(value)}</code>
    case 'longtext':
      return <span className="longtext">{String(value)}</span>
    default:
      return (
        <>
          {typeof value === 'object' ? <pre className="json">{JSON.stringify(value, null, 2)}</pre> : String(value)} {field.unit}
        </>
      )
  }
}

function ChoiceView({ field, value, first }: { field: Field; value: unknown; first: boolean }) {
  const named = value !== null && typeof value === 'object' ? (value as { value?: string; label?: string; id?: string; name?: string }) : undefined
  const id = named ? (named.value ?? named.id ?? '') : String(value)
  const local = named?.label ?? named?.name ?? [...(field.options ?? []), ...(field.names ?? [])].find((o) => String(o.value) === id)?.label
  const found = useChoices(sourceOf(field), id, !local && !field.options?.length)
  const label = local ?? found.data?.find((o) => o.value === id)?.label ?? id
  const text = field.kind === 'case' ? <SmartLink to={`/cases/${id}`}>{label}</SmartLink> : label
  return (
    <>
      {!first && '、'}
      {text}
    </>
  )
}

function FilesView({ ids }: { ids: string[] }) {
  const shelf = useShelf()
  return (
    <ul className="files">
      {ids.map((id) => {
        const a = shelf.find(id)
        return (
          <li key={id}>
            {a ? (
              <AttachmentLink a={a} />
            ) : (
              <SmartLink to={`/api/attachments/${encodeURIComponent(id)}`}>{id}</SmartLink>
            )}
          </li>
        )
      })}
    </ul>
  )
}

/** Declared fields as a read view: label and value in pairs, wide ones on their own line. */
export function FieldsView({ fields, form }: { fields: readonly Field[]; form: Form }) {
  return (
    <dl className="pairs">
      {fields
        .filter((f) => shown(f, form))
        .map((f) => (
          <div key={f.name} className={['longtext', 'table', 'files', 'file', 'json'].includes(f.kind) ? 'pair wide' : 'pair'}>
            <dt>
              {f.label}
              <Clause of={f.clause} brief />
            </dt>
            <dd>
              <ValueView field={f} value={form[f.name]} />
            </dd>
          </div>
        ))}
    </dl>
  )
}

/** A value of a difference or of key-values, whose field is not declared here. */
export function plain(v: unknown): string {
  if (isEmpty(v)) return t('value.none')
  if (typeof v === 'boolean') return v ? t('yes') : t('no')
  if (Array.isArray(v)) return v.map(plain).join('、')
  if (typeof v === 'object') {
    const o = v as { text?: Cell; label?: string; name?: string }
    if (o.text !== undefined) return String(o.text)
    return o.label ?? o.name ?? JSON.stringify(v)
  }
  return String(v)
}
