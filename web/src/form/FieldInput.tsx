import { Checkbox, DatePicker, Input, Radio, Select } from 'antd'
import dayjs from 'dayjs'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useChoices } from '../api/hooks'
import type { Field, Form } from '../api/types'
import { t } from '../i18n'
import { integer, percent, toBasisPoints } from '../lib/format'
import { Loading } from '../ui/atoms'
import { FilePicker, useShelf } from './files'
import type { Problem } from './model'
import { TableInput } from './TableInput'

export type InputProps = {
  field: Field
  id: string
  value: unknown
  onChange: (v: unknown) => void
  onBlur?: () => void
  invalid?: boolean
  describedBy?: string
  disabled?: boolean
  /** Problems inside a table field, by "row.column". */
  inner?: Record<string, Problem>
  /** In a table the label is the column's head: the input names itself. */
  named?: boolean
}

const Resumable = lazy(() => import('./Resumable').then((m) => ({ default: m.Resumable })))

/** A file that its declaration says comes in parts. */
const resumable = (source: string): boolean => /(^|\/)uploads$/.test(source)

const str = (v: unknown): string => (v === undefined || v === null ? '' : String(v))

/** A bare name of a list stands for its address. */
const normalSource = (s: string | undefined) => (!s ? undefined : s.startsWith('/') ? s : `/api/choices/${s}`)

/** Where an organisation, a person, a case … is looked up when the declaration names no source. */
export const sourceOf = (f: Field): string | undefined =>
  normalSource(f.source) ?? (['org', 'person', 'case', 'catalogue', 'product'].includes(f.kind) ? `/api/choices/${f.kind}` : undefined)

export function FieldInput(p: InputProps) {
  const { field, id, value, onChange, onBlur, invalid, describedBy, disabled, named } = p
  const { caseNo } = useShelf()
  const aria = { 'aria-invalid': invalid || undefined, 'aria-describedby': describedBy, 'aria-required': field.required || undefined, ...(named ? { 'aria-label': field.label } : {}) }
  const status = invalid ? ('error' as const) : undefined
  const common = { id, disabled, onBlur, status, ...aria }

  switch (field.kind) {
    case 'longtext':
      return <Input.TextArea {...common} autoSize={{ minRows: named ? 1 : 3, maxRows: 16 }} value={str(value)} onChange={(e) => onChange(e.target.value)} />
    case 'number':
    case 'integer':
      return <Input {...common} inputMode={field.kind === 'integer' ? 'numeric' : 'decimal'} className="num" suffix={field.unit} value={str(value)} onChange={(e) => onChange(halfWidth(e.target.value))} />
    case 'money':
      return <MoneyInput {...p} />
    case 'percent':
      return <PercentInput {...p} />
    case 'date':
    case 'datetime': {
      const time = field.kind === 'datetime'
      const day = value ? dayjs(str(value).replace(/([+-]\d\d:\d\d|Z)$/, '')) : null
      return (
        <DatePicker
          {...common}
          className="w-date"
          showTime={time ? { format: 'HH:mm' } : undefined}
          format={time ? 'YYYY-MM-DD HH:mm' : 'YYYY-MM-DD'}
          placeholder={time ? 'YYYY-MM-DD HH:mm' : 'YYYY-MM-DD'}
          value={day?.isValid() ? day : null}
          onChange={(d) => onChange(d ? (time ? `${d.format('YYYY-MM-DDTHH:mm')}:00+08:00` : d.format('YYYY-MM-DD')) : undefined)}
        />
      )
    }
    case 'bool':
      return (
        <Radio.Group id={id} disabled={disabled} value={value ?? null} onChange={(e) => onChange(e.target.value)} {...aria} aria-label={field.label}>
          <Radio value={true}>{t('yes')}</Radio>
          <Radio value={false}>{t('no')}</Radio>
        </Radio.Group>
      )
    case 'choice':
    case 'org':
    case 'person':
    case 'case':
    case 'catalogue':
    case 'product':
    case 'ref':
      if (field.options?.length && field.options.length <= 4 && !named) {
        return (
          <Radio.Group id={id} disabled={disabled} value={value ?? null} onChange={(e) => onChange(e.target.value)} {...aria} aria-label={field.label}>
            {field.options.map((o) => (
              <Radio key={o.value} value={o.value}>
                {o.label}
              </Radio>
            ))}
          </Radio.Group>
        )
      }
      return <ChoiceInput {...p} />
    case 'choices':
    case 'refs':
      if (field.options?.length && field.options.length <= 12 && !named) {
        return (
          <Checkbox.Group
            className="checks"
            disabled={disabled}
            value={Array.isArray(value) ? (value as string[]) : []}
            onChange={onChange}
            options={field.options.map((o, i) => ({ value: o.value, label: o.label, ...(i === 0 ? { id } : {}) }))}
            {...{ role: 'group', 'aria-label': field.label, 'aria-describedby': describedBy }}
          />
        )
      }
      return <ChoiceInput {...p} many />
    case 'file':
    case 'files': {
      if (field.source && caseNo && resumable(field.source))
        return (
          <Suspense fallback={<Loading rows={1} />}>
            <Resumable id={id} label={field.label} caseNo={caseNo} value={value ? str(value) : undefined} disabled={disabled} describedBy={describedBy} invalid={invalid} onChange={onChange} />
          </Suspense>
        )
      const many = field.kind === 'files'
      const ids = Array.isArray(value) ? (value as string[]) : value ? [str(value)] : []
      return <FilePicker id={id} label={field.label} ids={ids} many={many} disabled={disabled} describedBy={describedBy} invalid={invalid} onChange={(x) => onChange(many ? x : x[0])} />
    }
    case 'table':
      return <TableInput id={id} field={field} rows={Array.isArray(value) ? (value as Form[]) : []} disabled={disabled} problems={p.inner ?? {}} onChange={onChange} onBlur={onBlur} />
    case 'json':
      return <pre className="json">{value === undefined ? '' : JSON.stringify(value, null, 2)}</pre>
    default: {
      const mode = field.kind === 'phone' ? 'tel' : undefined
      const upper = field.kind === 'uscc' || field.kind === 'idcard'
      const change = (s: string) => onChange(upper ? halfWidth(s).toUpperCase().replace(/\s/g, '') : field.kind === 'phone' ? halfWidth(s).trim() : s)
      if (field.secret) return <Input.Password {...common} autoComplete="off" value={str(value)} onChange={(e) => change(e.target.value)} />
      return <Input {...common} inputMode={mode} autoComplete="off" suffix={field.unit} className={upper ? 'mono' : undefined} value={str(value)} onChange={(e) => change(e.target.value)} />
    }
  }
}

/** Full-width digits and signs, as a Chinese input method gives them, to plain ones. */
export function halfWidth(s: string): string {
  return s.replace(/[！-～]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).replace(/　/g, ' ')
}

function MoneyInput({ field, id, value, onChange, onBlur, invalid, describedBy, disabled, named }: InputProps) {
  const s = str(value)
  const whole = /^-?(\d+)/.exec(s)?.[1] ?? ''
  return (
    <Input
      id={id}
      disabled={disabled}
      onBlur={onBlur}
      status={invalid ? 'error' : undefined}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      aria-required={field.required || undefined}
      aria-label={named ? field.label : undefined}
      inputMode="decimal"
      className="num"
      suffix={
        <span className="suffix">
          {whole.length > 3 && !named && <span className="muted echo">{integer(whole)}</span>}
          {field.unit ?? t('unit.yuan')}
        </span>
      }
      value={s}
      onChange={(e) => onChange(halfWidth(e.target.value).replace(/[,，\s]/g, ''))}
    />
  )
}

/** Typed as percent, kept as basis points; what cannot be read yet stays as typed so that nothing is lost. */
function PercentInput({ field, id, value, onChange, onBlur, invalid, describedBy, disabled, named }: InputProps) {
  const [typed, setTyped] = useState<string | null>(null)
  const s = typed ?? (/^-?\d+$/.test(str(value)) ? percent(value) : str(value))
  return (
    <Input
      id={id}
      disabled={disabled}
      status={invalid ? 'error' : undefined}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      aria-required={field.required || undefined}
      aria-label={named ? field.label : undefined}
      inputMode="decimal"
      className="num"
      suffix="%"
      value={s}
      onChange={(e) => {
        const text = halfWidth(e.target.value).replace(/%/g, '')
        setTyped(text)
        onChange(text.trim() === '' ? undefined : (toBasisPoints(text) ?? `${text}%`))
      }}
      onBlur={() => {
        if (typed !== null && toBasisPoints(typed) !== null) setTyped(null)
        onBlur?.()
      }}
    />
  )
}

function ChoiceInput({ field, id, value, onChange, onBlur, invalid, describedBy, disabled, named, many }: InputProps & { many?: boolean }) {
  const source = sourceOf(field)
  const [typed, setTyped] = useState('')
  const [asked, setAsked] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed), 250)
    return () => clearTimeout(timer)
  }, [typed])
  const [opened, setOpened] = useState(false)
  const held = Array.isArray(value) ? value.map(str) : [str(value)]
  const first = held[0] ?? ''
  const found = useChoices(source, opened ? asked : first, !field.options?.length && (opened || first !== ''))
  const options = field.options?.length ? field.options : [...(found.data ?? []), ...(field.names ?? []).filter((n) => held.includes(String(n.value)) && !found.data?.some((o) => o.value === n.value))]
  const shape = options.map((o) => ({ value: o.value, label: o.label, hint: 'hint' in o ? (o.hint as string | undefined) : undefined }))
  return (
    <Select
      id={id}
      className="w-full"
      mode={many ? 'multiple' : undefined}
      disabled={disabled}
      status={invalid ? 'error' : undefined}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      aria-label={named ? field.label : undefined}
      allowClear={!field.required}
      placeholder={source && !field.options?.length ? t('form.choice.search') : t('form.choice')}
      showSearch={{
        filterOption: source && !field.options?.length ? false : (input, o) => `${o?.label ?? ''}${o?.value ?? ''}`.toLowerCase().includes(input.toLowerCase()),
        onSearch: setTyped,
      }}
      loading={found.isFetching}
      notFoundContent={found.isFetching ? t('loading') : found.isError ? t('form.choice.error') : t('form.choice.none')}
      options={shape}
      optionRender={(o) => (
        <span>
          {o.label}
          {o.data.hint && <span className="muted hint">{o.data.hint}</span>}
        </span>
      )}
      value={(value ?? undefined) as never}
      onOpenChange={(o) => {
        if (o) setOpened(true)
        else onBlur?.()
      }}
      onChange={(v) => onChange(v)}
    />
  )
}
