import { Alert, Button, Radio } from 'antd'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { ApiError, call } from '../api/client'
import { caseKey, useMe, useProcedure, useProcedures } from '../api/hooks'
import type { Case, Field, Form } from '../api/types'
import { newKey } from '../case/act'
import { ShelfProvider } from '../form/files'
import { ErrorSummary, FormFields } from '../form/FormFields'
import { check, groups, mapErrors, toSend, type Problem } from '../form/model'
import { onBeforeSwitch, t } from '../i18n'
import { deskLabel } from '../lib/format'
import { usePageTitle } from '../lib/page'
import { Clause, ErrorBox, Loading, PageHead } from '../ui/atoms'

/** The form as the address fills it: "?form=…" as JSON, or one parameter a field. */
export function prefilled(fields: readonly Field[], search: Record<string, string | undefined>): Form {
  const out: Form = {}
  if (search.form) {
    try {
      const given = JSON.parse(search.form) as Form
      for (const f of fields) if (given && f.name in given && !f.readOnly) out[f.name] = given[f.name]
    } catch {
      // an address cut in two fills nothing
    }
  }
  for (const f of fields) {
    const v = search[f.name]
    if (v === undefined || f.readOnly || ['form', 'as', 'subject', 'parent'].includes(f.name)) continue
    if (f.kind === 'bool') out[f.name] = v === 'true' || v === '1'
    else if (f.kind === 'choices' || f.kind === 'refs' || f.kind === 'files') out[f.name] = v.split(',').filter(Boolean)
    else if (f.kind !== 'table' && f.kind !== 'json') out[f.name] = v
  }
  return out
}

/** What was typed into a case that does not exist yet, over a change of language. */
const parked = new Map<string, Form>()

export default function NewCasePage({ id, search }: { id: string; search: Record<string, string | undefined> }) {
  const me = useMe().data!
  const detail = useProcedure(id)
  const all = useProcedures()
  const item = all.data?.find((p) => p.id === id)
  const navigate = useNavigate()
  const client = useQueryClient()
  const [form, setForm] = useState<Form | undefined>(() => parked.get(id))
  const [as, setAs] = useState(search.as)
  const [problems, setProblems] = useState<Problem[]>([])
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState<'draft' | 'submit'>()
  const key = useRef(newKey())
  const dirty = useRef(false)
  usePageTitle(detail.data?.title ?? t('new'), me.city.platform)

  useEffect(() => {
    parked.delete(id)
    return onBeforeSwitch(() => form && parked.set(id, form))
  }, [id, form])
  useEffect(() => {
    const leave = (e: BeforeUnloadEvent) => dirty.current && e.preventDefault()
    window.addEventListener('beforeunload', leave)
    return () => window.removeEventListener('beforeunload', leave)
  }, [])

  const crumbs = [{ label: t('work'), to: '/work' }, { label: t('new'), to: '/new' }, { label: detail.data?.title ?? id }]
  if (detail.isPending || all.isPending) return <Loading rows={8} />
  if (!detail.data) {
    return (
      <>
        <PageHead crumbs={crumbs} title={id} />
        <ErrorBox error={detail.error} retry={() => void detail.refetch()} busy={detail.isFetching} />
      </>
    )
  }
  const p = detail.data
  const values = form ?? prefilled(p.fields, search)
  const desks = (item?.startAs ?? []).map((d) => me.desks.find((x) => x.id === d)).filter((d) => d !== undefined)
  const desk = as ?? desks[0]?.id

  const save = async (kind: 'draft' | 'submit') => {
    if (kind === 'submit') {
      const mine = check(p.fields, values)
      setProblems(mine)
      if (mine.length) return
    } else setProblems([])
    setBusy(kind)
    setError(undefined)
    try {
      // the case is opened as a draft either way; the submission itself is an act, rehearsed and confirmed on its page
      const c = await call<Case>(`/api/procedures/${encodeURIComponent(id)}/cases`, {
        method: 'POST',
        body: { form: toSend(p.fields, values), ...(desk ? { as: desk } : {}), ...(search.subject ? { subject: search.subject } : {}), ...(search.parent ? { parent: search.parent } : {}) },
        headers: { 'Idempotency-Key': key.current },
      })
      dirty.current = false
      if (c.fields) client.setQueryData(caseKey(c.no), c)
      for (const k of ['cases', 'me']) void client.invalidateQueries({ queryKey: [k] })
      await navigate({ to: '/cases/$no', params: { no: c.no }, search: kind === 'submit' ? { act: 'first' } : {}, replace: true })
    } catch (e) {
      if (e instanceof ApiError && e.status >= 400 && e.status < 500) key.current = newKey()
      const m = e instanceof ApiError ? mapErrors(e.problem.errors, p.fields) : { placed: [], general: [] }
      setProblems([...m.placed, ...m.general])
      setError(m.placed.length ? undefined : e)
    } finally {
      setBusy(undefined)
    }
  }

  const change = (name: string, v: unknown) => {
    dirty.current = true
    key.current = newKey()
    setForm({ ...values, [name]: v })
    setProblems((ps) => ps.filter((x) => x.key !== name && !x.key.startsWith(name + '.')))
  }
  const parts = groups(p.fields)

  return (
    <ShelfProvider known={[]}>
      <PageHead crumbs={crumbs} title={p.title} sub={<Clause of={p.clause} />} />
      {item && !item.startable && <Alert type="warning" showIcon className="gap" title={t('new.closed')} description={item.why} />}
      {error !== undefined && <ErrorBox error={error} retry={() => void save(busy ?? 'draft')} busy={!!busy} />}
      <ErrorSummary scope="form" problems={problems} />
      {desks.length > 1 && (
        <section className="card" aria-label={t('new.as')}>
          <div className="field">
            <span className="label">{t('new.as')}</span>
            <Radio.Group value={desk} onChange={(e) => setAs(e.target.value as string)} aria-label={t('new.as')}>
              {desks.map((d) => (
                <Radio key={d.id} value={d.id}>
                  {deskLabel(d)}
                </Radio>
              ))}
            </Radio.Group>
          </div>
        </section>
      )}
      {parts.map((g, i) => (
        <section key={i} className="card" aria-label={g.title || t('case.content')}>
          <h2>{g.title || t('case.content')}</h2>
          <FormFields
            scope="form"
            fields={g.fields.map((f) => ({ ...f, section: undefined }))}
            form={values}
            problems={problems}
            onChange={change}
            onBlur={(name) => {
              const mine = check(p.fields.filter((f) => f.name === name), values).filter(() => values[name] !== undefined && values[name] !== '')
              setProblems((ps) => [...ps.filter((x) => x.key !== name && !x.key.startsWith(name + '.')), ...mine])
            }}
          />
        </section>
      ))}
      {!p.fields.length && <p className="card">{t('new.nofields')}</p>}
      <div className="action-bar" role="toolbar" aria-label={t('offers')}>
        <div className="action-status muted">{t('new.note')}</div>
        <div className="action-buttons">
          <Button onClick={() => void save('draft')} loading={busy === 'draft'} disabled={item && !item.startable}>
            {t('new.save')}
          </Button>
          <Button type="primary" onClick={() => void save('submit')} loading={busy === 'submit'} disabled={item && !item.startable}>
            {t('new.submit')}
          </Button>
        </div>
      </div>
    </ShelfProvider>
  )
}
