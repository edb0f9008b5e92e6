import { Alert } from 'antd'
import { useEffect, useRef } from 'react'
import type { Field, Form } from '../api/types'
import { t } from '../i18n'
import { focusOn } from '../lib/page'
import { Clause } from '../ui/atoms'
import { FieldInput } from './FieldInput'
import { byKey, groups, inputId, shown, under, type Problem } from './model'

const wide = new Set<Field['kind']>(['longtext', 'table', 'files', 'file', 'json', 'choices'])

/** The declared fields as inputs: label, help and basis above, what is wrong right below. */
export function FormFields({
  scope,
  fields,
  form,
  problems,
  onChange,
  onBlur,
  disabled,
  marked,
}: {
  /** Prefix of the inputs' ids: two forms may stand on one page. */
  scope: string
  fields: readonly Field[]
  form: Form
  problems: readonly Problem[]
  onChange: (name: string, v: unknown) => void
  onBlur?: (name: string) => void
  disabled?: boolean
  /** Fields to point out, with the reason: changed by somebody else, marked on return. */
  marked?: Record<string, string>
}) {
  const errors = byKey(problems)
  return (
    <>
      {groups(fields.filter((f) => shown(f, form))).map((g) => (
        <fieldset key={g.title} className="fields">
          {g.title && <legend>{g.title}</legend>}
          <div className="field-grid">
            {g.fields.map((f) => {
              const id = inputId(scope, f.name)
              const error = errors[f.name]
              const helpId = `${id}-help`
              const errorId = `${id}-error`
              const group = f.kind === 'bool' || f.kind === 'choices' || f.kind === 'table' || (f.kind === 'choice' && !!f.options?.length && f.options.length <= 4)
              return (
                <div key={f.name} className={`field ${wide.has(f.kind) ? 'wide' : ''} ${error ? 'has-error' : ''}`} data-field={f.name}>
                  <div className="field-label">
                    {group || f.kind === 'json' ? (
                      <span className="label" id={`${id}-label`}>
                        {f.label}
                      </span>
                    ) : (
                      <label htmlFor={id}>{f.label}</label>
                    )}
                    {f.required && !f.readOnly && (
                      <span className="must" title={t('form.must')}>
                        <span aria-hidden>*</span>
                        <span className="sr">{t('form.must')}</span>
                      </span>
                    )}
                    <Clause of={f.clause} brief />
                  </div>
                  {f.help && (
                    <div className="field-help" id={helpId}>
                      {f.help}
                    </div>
                  )}
                  <FieldInput
                    field={f}
                    id={id}
                    value={form[f.name]}
                    invalid={!!error}
                    describedBy={[error && errorId, f.help && helpId].filter(Boolean).join(' ') || undefined}
                    disabled={disabled || f.readOnly}
                    inner={f.kind === 'table' ? under(errors, f.name) : undefined}
                    onChange={(v) => onChange(f.name, v)}
                    onBlur={() => onBlur?.(f.name)}
                  />
                  {error && (
                    <div className="field-error" id={errorId}>
                      {error.message}
                      {error.clause && error.clause !== f.clause && <Clause of={error.clause} brief />}
                    </div>
                  )}
                  {marked?.[f.name] && <div className="field-mark">{marked[f.name]}</div>}
                </div>
              )
            })}
          </div>
        </fieldset>
      ))}
    </>
  )
}

/** All that is wrong, on top, each leading to its input; takes the focus when it appears. */
export function ErrorSummary({ scope, problems, onJump }: { scope: string; problems: readonly Problem[]; onJump?: (key: string) => void }) {
  const box = useRef<HTMLDivElement>(null)
  const count = problems.length
  useEffect(() => {
    if (!count) return
    const first = problems.find((p) => p.key)
    if (!first || !focusOn(inputId(scope, first.key))) box.current?.focus()
    // only when the number changes: typing must not move the focus
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [count])
  if (!count) return null
  return (
    <div ref={box} tabIndex={-1} role="alert" className="error-summary">
      <Alert
        type="error"
        showIcon
        title={t('form.summary', { n: count })}
        description={
          <ul>
            {problems.map((p, i) => (
              <li key={i}>
                {p.key ? (
                  <button
                    type="button"
                    className="link"
                    onClick={() => {
                      onJump?.(p.key)
                      focusOn(inputId(scope, p.key))
                    }}
                  >
                    {p.message.includes(p.label) ? p.message : `${p.label}：${p.message}`}
                  </button>
                ) : (
                  p.message
                )}
                <Clause of={p.clause} brief />
              </li>
            ))}
          </ul>
        }
      />
    </div>
  )
}
