import { Button, Checkbox, Input, Select } from 'antd'
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import type { PipelineModel, TargetColumn } from '../api/reading'
import { t } from '../i18n'
import { typeWord } from '../lib/sheet'
import { types } from './SheetColumns'

const labels = ['forbidden', 'unit', 'join_only', 'dim', 'sensitive_dim', 'measure', 'public'] as const
const units = ['natural_person', 'household', 'legal_entity', 'row'] as const

/** 目标: the columns that enter the pool, their type and what they may be used for. */
export function TargetEditor({ model, columns, names, disabled, onChange }: { model: PipelineModel; columns: readonly string[]; names: Record<string, string>; disabled: boolean; onChange: (x: PipelineModel['target']) => void }) {
  const x = model.target
  const rows = x.columns ?? []
  const set = (i: number, patch: Partial<TargetColumn>) => onChange({ ...x, columns: rows.map((c, k) => (k === i ? { ...c, ...patch } : c)) })
  const used = rows.map((c) => c.from || c.name)
  const left = columns.filter((c) => !used.includes(c))
  return (
    <>
      <div className="step-options">
        {(
          [
            ['table', t('line.table'), x.table],
            ['title', t('line.title'), x.title],
          ] as const
        ).map(([k, label, v]) => (
          <div key={k} className="step-option">
            <span className="step-option-label">{label}</span>
            <Input aria-label={label} disabled={disabled} value={v ?? ''} onChange={(e) => onChange({ ...x, [k]: e.target.value || undefined })} />
          </div>
        ))}
        <div className="step-option">
          <span className="step-option-label">{t('line.unit')}</span>
          <Select aria-label={t('line.unit')} allowClear disabled={disabled} value={x.unit || undefined} options={rows.map((c) => ({ value: c.name, label: c.title ? `${c.title} ${c.name}` : c.name }))} onChange={(v?: string) => onChange({ ...x, unit: v })} />
        </div>
        <div className="step-option">
          <span className="step-option-label">{t('line.unitkind')}</span>
          <Select aria-label={t('line.unitkind')} allowClear disabled={disabled} value={x.unit_domain || undefined} options={units.map((u) => ({ value: u, label: t(`line.unit.${u}`) }))} onChange={(v?: string) => onChange({ ...x, unit_domain: v })} />
        </div>
      </div>
      <div className="table-frame as-cards" tabIndex={0} role="region" aria-label={t('line.target')}>
        <table className="data target">
          <thead>
            <tr>
              {[t('line.name'), t('line.from'), t('line.words'), t('sheet.type'), t('line.use'), t('line.required'), ''].map((h, i) => (
                <th key={i} scope="col">
                  {h || <span className="sr">{t('actions')}</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((c, i) => (
              <tr key={i}>
                <td data-label={t('line.name')}>
                  <Input size="small" aria-label={t('line.name')} disabled={disabled} value={c.name} onChange={(e) => set(i, { name: e.target.value, from: c.from ?? c.name })} />
                </td>
                <td data-label={t('line.from')}>
                  <Select size="small" showSearch aria-label={t('line.from')} disabled={disabled} value={c.from || c.name} options={columns.map((k) => ({ value: k, label: names[k] ?? k }))} onChange={(from: string) => set(i, { from: from === c.name ? undefined : from })} />
                </td>
                <td data-label={t('line.words')}>
                  <Input size="small" aria-label={t('line.words')} disabled={disabled} value={c.title ?? ''} onChange={(e) => set(i, { title: e.target.value || undefined })} />
                </td>
                <td data-label={t('sheet.type')}>
                  <Select size="small" aria-label={t('sheet.type')} disabled={disabled} value={c.type} options={[...new Set([...types, c.type])].map((k) => ({ value: k, label: typeWord(k) }))} onChange={(type: string) => set(i, { type })} />
                </td>
                <td data-label={t('line.use')}>
                  <Select size="small" aria-label={t('line.use')} disabled={disabled} value={c.label} options={labels.map((k) => ({ value: k, label: t(`line.use.${k}`) }))} onChange={(label: string) => set(i, { label })} />
                </td>
                <td data-label={t('line.required')}>
                  <Checkbox aria-label={t('line.required')} disabled={disabled} checked={!!c.required} onChange={(e) => set(i, { required: e.target.checked || undefined })} />
                </td>
                <td>{!disabled && <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t('line.dropcolumn', { name: c.name })} onClick={() => onChange({ ...x, columns: rows.filter((_, k) => k !== i) })} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {!disabled && (
        <p>
          <Select size="small" className="add-column" value={null} showSearch aria-label={t('line.addcolumn')} placeholder={<><PlusOutlined /> {t('line.addcolumn')}</>} options={left.map((k) => ({ value: k, label: names[k] ?? k }))} onChange={(name: string | null) => name && onChange({ ...x, columns: [...rows, { name, type: 'text', label: 'forbidden' }] })} />
        </p>
      )}
    </>
  )
}
