import { Checkbox, Select } from 'antd'
import type { ProposedColumn } from '../api/reading'
import { has, t } from '../i18n'
import { integer } from '../lib/format'
import { typeWord } from '../lib/sheet'
import { DataTable } from '../ui/DataTable'

export type ColumnSay = { type?: string; identifier?: boolean }

export const types = ['text', 'integer', 'bigint', 'decimal(18,2)', 'double', 'date', 'timestamp', 'boolean']
const lookWord = (x: string): string => {
  const key = `sheet.looks.${x}`
  return has(key) ? t(key) : x
}

/** The columns as read: type and whether a column names a person or body directly. */
export function SheetColumns({ columns, says, disabled, onSay }: { columns: readonly ProposedColumn[]; says: Record<string, ColumnSay>; disabled: boolean; onSay: (name: string, say: ColumnSay) => void }) {
  return (
    <>
      <h3>{t('sheet.columns', { n: columns.length })}</h3>
      <DataTable
        caption={t('sheet.columns', { n: columns.length })}
        rows={columns}
        rowKey={(c, i) => `${i}${c.name}`}
        columns={[
          { key: 'name', label: t('sheet.column'), primary: true, render: (c) => c.name },
          {
            key: 'type',
            label: t('sheet.type'),
            render: (c) => {
              const now = says[c.name]?.type ?? c.type
              return <Select size="small" className="w-type" value={now} disabled={disabled} aria-label={t('sheet.typeof', { name: c.name })} options={[...new Set([...types, c.type])].map((x) => ({ value: x, label: typeWord(x) }))} onChange={(type) => onSay(c.name, { type })} />
            },
          },
          {
            key: 'identifier',
            label: t('sheet.identifier'),
            render: (c) => (
              <Checkbox checked={says[c.name]?.identifier ?? !!c.identifier} disabled={disabled} onChange={(e) => onSay(c.name, { identifier: e.target.checked })}>
                {t('sheet.identifier.yes')}
              </Checkbox>
            ),
          },
          { key: 'looks', label: t('sheet.looks'), render: (c) => (c.looks ? <span className="tag tag-warn">{lookWord(c.looks)}</span> : <span className="muted">—</span>) },
          { key: 'filled', label: t('sheet.filled'), right: true, render: (c) => t('sheet.filledof', { filled: integer(c.filled), rows: integer(c.rows) }) },
        ]}
      />
    </>
  )
}
