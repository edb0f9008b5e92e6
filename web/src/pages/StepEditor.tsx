import { Button, Checkbox, Input, InputNumber, Select } from 'antd'
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import type { StepOption } from '../api/reading'
import { t } from '../i18n'
import { empty } from '../lib/pipeline'

type Body = Record<string, unknown>

/** The settings of one step as its declaration lists them. Settings nobody has filled in are left out of the text. */
export function StepEditor({ options, body, columns, names, disabled, label, onChange }: { options: readonly StepOption[]; body: Body; columns: readonly string[]; names: Record<string, string>; disabled: boolean; label: string; onChange: (b: Body) => void }) {
  const set = (o: StepOption, v: unknown) => {
    const next = { ...body }
    const none = v === '' || v === undefined || v === null || v === false || (Array.isArray(v) && !v.length)
    if (none && !o.required) delete next[o.name]
    else next[o.name] = v ?? empty(o)
    onChange(next)
  }
  return (
    <div className="step-options" role="group" aria-label={label}>
      {options.map((o) => (
        <div key={o.name} className={`step-option ${o.kind === 'table' || o.kind === 'map' ? 'wide' : ''}`}>
          <span className="step-option-label">
            {o.label}
            {o.required && <span className="required" aria-hidden>*</span>}
          </span>
          <Setting o={o} value={body[o.name]} columns={columns} names={names} disabled={disabled} onChange={(v) => set(o, v)} />
        </div>
      ))}
    </div>
  )
}

function Setting({ o, value, columns, names, disabled, onChange }: { o: StepOption; value: unknown; columns: readonly string[]; names: Record<string, string>; disabled: boolean; onChange: (v: unknown) => void }) {
  const aria = { 'aria-label': o.label, disabled }
  switch (o.kind) {
    case 'bool':
      return (
        <Checkbox {...aria} checked={!!value} onChange={(e) => onChange(e.target.checked)}>
          {t('yes')}
        </Checkbox>
      )
    case 'integer':
      return <InputNumber {...aria} value={typeof value === 'number' ? value : undefined} onChange={(v) => onChange(v ?? undefined)} />
    case 'choice':
      return <Select {...aria} allowClear={!o.required} value={(value as string) || undefined} options={o.options ?? []} onChange={(v?: string) => onChange(v)} />
    case 'column':
      return <Select {...aria} showSearch allowClear={!o.required} value={(value as string) || undefined} options={columns.map((c) => ({ value: c, label: names[c] ?? c }))} onChange={(v?: string) => onChange(v)} />
    case 'columns':
      return <Select {...aria} mode="tags" value={(value as string[]) ?? []} options={[{ value: '*', label: t('line.all') }, ...columns.map((c) => ({ value: c, label: names[c] ?? c }))]} onChange={(v: string[]) => onChange(v.includes('*') && v[v.length - 1] === '*' ? ['*'] : v.filter((x) => x !== '*' || v.length === 1))} />
    case 'list':
      return <Select {...aria} mode="tags" open={false} suffixIcon={null} value={(value as string[]) ?? []} onChange={(v: string[]) => onChange(v)} />
    case 'map':
      return <MapSetting {...aria} value={(value as Record<string, string>) ?? {}} onChange={onChange} />
    case 'table': {
      const rows = (value as Body[]) ?? []
      const of = o.of ?? []
      return (
        <div className="step-rows">
          {rows.map((r, i) => (
            <div key={i} className="step-row">
              <StepEditor options={of} body={r} columns={columns} names={names} disabled={disabled} label={t('line.nth', { label: o.label, n: i + 1 })} onChange={(b) => onChange(rows.map((x, k) => (k === i ? b : x)))} />
              {!disabled && <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t('line.droprow', { label: o.label, n: i + 1 })} onClick={() => onChange(rows.filter((_, k) => k !== i))} />}
            </div>
          ))}
          {!disabled && (
            <Button size="small" icon={<PlusOutlined />} onClick={() => onChange([...rows, Object.fromEntries(of.filter((f) => f.required).map((f) => [f.name, f.name === 'id' ? `r${rows.length + 1}` : empty(f)]))])}>
              {t('line.addrow', { label: o.label })}
            </Button>
          )}
        </div>
      )
    }
    default:
      return <Input {...aria} value={value === undefined || value === null ? '' : String(value)} onChange={(e) => onChange(e.target.value)} />
  }
}

/** 对照: one pair a line, "原值 = 代码"; lines that are no pair yet stay in the box and out of the text. */
function MapSetting({ value, onChange, disabled, ...aria }: { value: Record<string, string>; disabled: boolean; 'aria-label': string; onChange: (v: unknown) => void }) {
  const text = Object.entries(value).map(([k, v]) => `${k} = ${v}`).join('\n')
  return (
    <Input.TextArea
      {...aria}
      key={text}
      disabled={disabled}
      autoSize={{ minRows: 2, maxRows: 12 }}
      defaultValue={text}
      placeholder={t('line.map')}
      onBlur={(e) => {
        const pairs = e.target.value.split('\n').map((l) => /^(.*?)\s*(?:=|＝)\s*(.*)$/.exec(l.trim())).filter((m): m is RegExpExecArray => !!m && m[1] !== '')
        onChange(Object.fromEntries(pairs.map((m) => [m[1]!, m[2]!])))
      }}
    />
  )
}
