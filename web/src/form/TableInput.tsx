import { Button } from 'antd'
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { useRef } from 'react'
import type { Field, Form } from '../api/types'
import { t } from '../i18n'
import { focusOn } from '../lib/page'
import { FieldInput } from './FieldInput'
import { shown, type Problem } from './model'

/** Rows of a table field; a row is added at the foot and removed by its own button. */
export function TableInput({
  id,
  field,
  rows,
  problems,
  disabled,
  onChange,
  onBlur,
}: {
  id: string
  field: Field
  rows: Form[]
  problems: Record<string, Problem>
  disabled?: boolean
  onChange: (rows: Form[]) => void
  onBlur?: () => void
}) {
  const columns = field.rows ?? []
  const adder = useRef<HTMLButtonElement>(null)
  const cellId = (i: number, c: Field) => `${id}-${i}-${c.name}`
  const full = field.max !== undefined && field.max !== null && rows.length >= Number(field.max)
  return (
    <div className="table-input" role="group" aria-label={field.label}>
      {rows.length > 0 && (
        <div className="table-frame as-cards">
          <table className="data editing">
            <thead>
              <tr>
                <th scope="col" className="rowno">
                  {t('form.rowno')}
                </th>
                {columns.map((c) => (
                  <th key={c.name} scope="col">
                    {c.label}
                    {c.required && (
                      <span className="must" aria-hidden>
                        *
                      </span>
                    )}
                    {c.unit && <span className="muted">（{c.unit}）</span>}
                  </th>
                ))}
                <th scope="col">
                  <span className="sr">{t('actions')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, i) => (
                <tr key={i}>
                  <th scope="row" className="rowno" data-label={t('form.rowno')}>
                    {i + 1}
                  </th>
                  {columns.map((c) => {
                    const problem = problems[`${i}.${c.name}`]
                    const errorId = `${cellId(i, c)}-error`
                    return (
                      <td key={c.name} data-label={c.label}>
                        {shown(c, row) ? (
                          <>
                            <FieldInput
                              named
                              field={{ ...c, label: t('form.cell', { label: c.label, n: i + 1 }) }}
                              id={cellId(i, c)}
                              value={row[c.name]}
                              invalid={!!problem}
                              describedBy={problem ? errorId : undefined}
                              disabled={disabled || c.readOnly}
                              onBlur={onBlur}
                              onChange={(v) => onChange(rows.map((r, j) => (j === i ? { ...r, [c.name]: v } : r)))}
                            />
                            {problem && (
                              <div className="field-error" id={errorId}>
                                {problem.message}
                              </div>
                            )}
                          </>
                        ) : (
                          <span className="muted">—</span>
                        )}
                      </td>
                    )
                  })}
                  <td className="row-tools">
                    {!disabled && (
                      <Button
                        type="text"
                        icon={<DeleteOutlined />}
                        aria-label={t('form.row.remove', { n: i + 1 })}
                        onClick={() => {
                          onChange(rows.filter((_, j) => j !== i))
                          adder.current?.focus()
                        }}
                      />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {!disabled && (
        <Button
          id={id}
          ref={adder}
          type="dashed"
          icon={<PlusOutlined />}
          disabled={full}
          onClick={() => {
            const n = rows.length
            onChange([...rows, {}])
            const first = columns.find((c) => !c.readOnly)
            if (first) setTimeout(() => focusOn(cellId(n, first)), 30)
          }}
        >
          {full ? t('form.row.full', { n: Number(field.max) }) : t('form.row.add')}
        </Button>
      )}
      {disabled && rows.length === 0 && <span className="muted">{t('empty.rows')}</span>}
    </div>
  )
}
