import { Alert, Button, Checkbox, Input, Select } from 'antd'
import { ArrowDownOutlined, ArrowUpOutlined, CaretRightFilled, DeleteOutlined, EditOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useCallback, useEffect, useRef, useState } from 'react'
import { call } from '../api/client'
import { caseKey, useCase, useMe } from '../api/hooks'
import type { Declared, PipelineModel, SampleState, StepKind, StepModel, Trial } from '../api/reading'
import type { Case } from '../api/types'
import { toSend } from '../form/model'
import { t } from '../i18n'
import { datetime, integer } from '../lib/format'
import { canEdit } from '../lib/offers'
import { usePageTitle } from '../lib/page'
import { columnsOf, fresh, gist, kindOf, labelsOf, moved, stepOf } from '../lib/pipeline'
import { Reasons } from '../panels/StepCounts'
import { EmptyBox, ErrorBox, Loading, PageHead, Toned } from '../ui/atoms'
import { useSample } from './SheetPage'
import { StepEditor } from './StepEditor'
import { TargetEditor } from './TargetEditor'
import { TrialView } from './TrialView'
import './sheet.css'
import './pipeline.css'

/** 流水线: the declaration as steps a clerk reads and edits, its text beside it, tried on the sample. */
export default function PipelinePage({ no }: { no: string }) {
  const c = useCase(no)
  const s = useSample(no)
  const kinds = useQuery({ queryKey: ['steps'], queryFn: () => call<{ kinds: StepKind[] }>('/api/pipelines/steps').then((x) => x.kinds), staleTime: Infinity })
  const me = useMe().data!
  usePageTitle(t('line'), me.city.platform)
  const error = c.error ?? s.error ?? kinds.error
  const head = <PageHead crumbs={[{ label: t('work'), to: '/work' }, { label: no, to: `/cases/${no}` }, { label: t('line') }]} title={t('line')} sub={<span className="case-sub"><code>{no}</code>{c.data && <span className="state">{c.data.state.label}</span>}<span>{c.data?.title}</span></span>} extra={<Link to="/cases/$no" params={{ no }} className="btn-link">{t('sheet.back')}</Link>} />
  if (c.isPending || s.isPending || kinds.isPending) return <Loading rows={8} />
  if (!c.data || !s.data || !kinds.data)
    return (
      <>
        {head}
        <ErrorBox error={error} retry={() => void Promise.all([c.refetch(), s.refetch(), kinds.refetch()])} />
      </>
    )
  return (
    <>
      {head}
      <Editor c={c.data} s={s.data} kinds={kinds.data} watermark={me.watermark} />
    </>
  )
}

function Editor({ c, s, kinds, watermark }: { c: Case; s: SampleState; kinds: StepKind[]; watermark: string }) {
  const client = useQueryClient()
  const open = canEdit(c) && s.face === 'operator'
  const saved = String((open ? c.draft?.form.pipeline : undefined) ?? c.form.pipeline ?? '')
  const [d, setD] = useState<Declared>({ text: saved })
  const [text, setText] = useState(saved)
  const [dirty, setDirty] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const [word, setWord] = useState('')
  const [trial, setTrial] = useState<Trial>()
  const [stale, setStale] = useState(false)
  const [trying, setTrying] = useState(false)
  const [auto, setAuto] = useState(false)
  const turn = useRef(0)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)

  const send = useCallback(async (body: Record<string, unknown>) => {
    const mine = ++turn.current
    setBusy(true)
    setError(undefined)
    try {
      const x = await call<Declared>('/api/pipelines', { method: 'POST', body })
      if (mine !== turn.current) return
      setD((old) => ({ ...x, model: x.model ?? old.model, text: x.text || old.text }))
      if (!('text' in body) || body.adopt) setText(x.text)
    } catch (e) {
      if (mine === turn.current) setError(e)
    } finally {
      if (mine === turn.current) setBusy(false)
    }
  }, [])
  useEffect(() => {
    if (saved) void send({ text: saved })
    // read once when the page opens
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [])
  useEffect(() => () => clearTimeout(timer.current), [])

  const touch = () => {
    setDirty(true)
    setWord('')
    setStale(true)
  }
  const edit = (model: PipelineModel) => {
    setD((old) => ({ ...old, model }))
    touch()
    clearTimeout(timer.current)
    timer.current = setTimeout(() => void send({ model }), 400)
  }
  const type = (x: string) => {
    setText(x)
    touch()
    clearTimeout(timer.current)
    timer.current = setTimeout(() => void send({ text: x }), 700)
  }
  const adopt = () => {
    touch()
    void send({ text: d.model ? text : '', adopt: c.no })
  }
  const save = async () => {
    setBusy(true)
    setError(undefined)
    try {
      const form = { ...(c.draft?.form ?? c.form), pipeline: text }
      await call(`/api/cases/${encodeURIComponent(c.no)}/draft`, { method: 'PUT', body: { form: toSend(c.fields, form) } })
      client.setQueryData(caseKey(c.no), { ...c, draft: { form, at: new Date().toISOString() } })
      setDirty(false)
      setWord(t('line.saved'))
    } catch (e) {
      setError(e)
    } finally {
      setBusy(false)
    }
  }
  const tryOut = useCallback(async () => {
    setTrying(true)
    setError(undefined)
    try {
      setTrial(await call<Trial>(`/api/hookups/${encodeURIComponent(c.no)}/sample/try`, { method: 'POST', body: { text } }))
      setStale(false)
    } catch (e) {
      setError(e)
    } finally {
      setTrying(false)
    }
  }, [c.no, text])
  const mayTry = s.face !== 'reader' && !!s.sample?.held && (s.face === 'source' || !!s.confirmed)
  useEffect(() => {
    if (!auto || !stale || !mayTry || d.problem || busy || !text) return
    const x = setTimeout(() => void tryOut(), 1200)
    return () => clearTimeout(x)
  }, [auto, stale, mayTry, d.problem, busy, text, tryOut])
  useEffect(() => {
    if (!dirty) return
    const leave = (e: BeforeUnloadEvent) => e.preventDefault()
    window.addEventListener('beforeunload', leave)
    return () => window.removeEventListener('beforeunload', leave)
  }, [dirty])

  const m = d.model
  const fault = stepOf(d.problem?.path)
  return (
    <>
      {s.confirmed && (
        <Alert
          type="info"
          showIcon
          className="gap"
          title={t('line.confirmed', { by: s.confirmed.by, at: datetime(s.confirmed.at) })}
          action={open && <Button onClick={adopt} loading={busy}>{m ? t('line.adopt') : t('line.begin')}</Button>}
        />
      )}
      {!s.confirmed && <Alert type="info" showIcon className="gap" title={t('line.unconfirmed')} action={<Link to="/cases/$no/reading" params={{ no: c.no }} className="btn-link">{t('sheet.title')}</Link>} />}
      {!open && <p className="section-note">{s.face === 'operator' ? t('line.closed') : t('line.readonly')}</p>}
      {error !== undefined && <ErrorBox error={error} />}
      {d.problem && text && (
        <p role="alert" className="tone tone-bad line-problem">
          {d.problem.path && <code>{d.problem.path}</code>} {d.problem.message}
        </p>
      )}
      <div className="line-grid">
        <section className="card" aria-label={t('line.steps')}>
          <header className="card-head">
            <h2>{t('line.steps')}</h2>
            {m && <span className="muted">{t('line.id', { id: m.title || m.id, n: m.version })}</span>}
          </header>
          {m ? <Steps m={m} kinds={kinds} trial={trial} stale={stale} open={open} fault={fault} why={d.problem?.message} edit={edit} /> : <EmptyBox text={s.confirmed && open ? t('line.none.begin') : t('line.none')} />}
        </section>
        <section className="card" aria-label={t('line.text')}>
          <header className="card-head">
            <h2>{t('line.text')}</h2>
            {busy && <span className="muted">{t('line.checking')}</span>}
            {!busy && !d.problem && d.digest && <Toned tone="ok">{t('line.valid')}</Toned>}
          </header>
          <Input.TextArea className="mono line-yaml" aria-label={t('line.text')} spellCheck={false} readOnly={!open} value={text} autoSize={{ minRows: 16, maxRows: 44 }} onChange={(e) => type(e.target.value)} />
        </section>
      </div>
      {m && (
        <section className="card" aria-label={t('line.target')}>
          <header className="card-head">
            <h2>{t('line.target')}</h2>
          </header>
          <TargetEditor model={m} columns={columnsOf(m)} names={labelsOf(m)} disabled={!open} onChange={(target) => edit({ ...m, target })} />
        </section>
      )}
      <section className="card" aria-label={t('trial')}>
        <header className="card-head">
          <h2>{t('trial')}</h2>
          <span className="no-print sheet-acts">
            <Checkbox checked={auto} disabled={!mayTry} onChange={(e) => setAuto(e.target.checked)}>
              {t('trial.auto')}
            </Checkbox>
            <Button icon={<CaretRightFilled />} disabled={!mayTry || !!d.problem || !text} loading={trying} onClick={() => void tryOut()}>
              {t('trial.run')}
            </Button>
          </span>
        </header>
        <div role="status">
          {trying && <p className="muted">{t('trial.running')}</p>}
          {!mayTry && <p className="muted">{s.face === 'reader' ? t('trial.notyours') : !s.sample?.held ? t('trial.nosample') : t('trial.unconfirmed')}</p>}
          {stale && trial && <p className="tone tone-warn">{t('trial.stale')}</p>}
        </div>
        {trial && <TrialView trial={trial} watermark={watermark} />}
      </section>
      {open && (
        <div className="line-save no-print">
          <Button type="primary" disabled={!dirty || !text} loading={busy} onClick={() => void save()}>
            {t('line.save')}
          </Button>
          <span role="status" className="muted">
            {word || (dirty ? t('line.dirty') : t('line.clean'))}
          </span>
          <Link to="/cases/$no" params={{ no: c.no }}>
            {t('line.tocase')}
          </Link>
        </div>
      )}
    </>
  )
}

function Steps({ m, kinds, trial, stale, open, fault, why, edit }: { m: PipelineModel; kinds: StepKind[]; trial?: Trial; stale: boolean; open: boolean; fault: number; why?: string; edit: (m: PipelineModel) => void }) {
  const [at, setAt] = useState<number>()
  const steps = m.steps ?? []
  const put = (next: StepModel[]) => edit({ ...m, steps: next })
  const counts = trial?.steps ?? []
  const count = (i: number) => {
    const x = counts[i]
    if (!x) return null
    return (
      <div className={`line-counts ${stale ? 'stale' : ''}`}>
        <span>{t('data.in', { n: integer(x.rows_in) })}</span>
        <span>{t('data.changed', { n: integer(x.changed) })}</span>
        <span className={x.quarantined ? 'tone tone-warn' : undefined}>{t('data.quarantined', { n: integer(x.quarantined) })}</span>
        <Reasons of={x.reasons} />
      </div>
    )
  }
  const src = m.source
  return (
    <ol className="line-steps">
      <li>
        <strong>{t('line.read')}</strong>
        <p className="muted">{t('line.read.text', { kind: src.kind.toUpperCase(), sheet: src.sheet ? `“${src.sheet}”` : '', skip: src.skip ?? 0, header: src.header ?? 0, columns: src.columns?.length ?? 0 })}{src.confirmed && t('line.read.by', { by: src.confirmed.by, on: src.confirmed.on })}</p>
        {count(0)}
      </li>
      {steps.map((s, i) => {
        const k = kinds.find((x) => x.kind === kindOf(s))
        const name = s.name || k?.label || kindOf(s)
        const editing = at === i
        return (
          <li key={i} className={fault === i ? 'bad' : undefined}>
            <div className="line-step-head">
              <strong>{name}</strong>
              {s.name && k && <span className="tag">{k.label}</span>}
              {open && (
                <span className="line-step-acts">
                  <Button type="text" size="small" icon={<EditOutlined />} aria-expanded={editing} aria-label={t('line.edit', { name })} onClick={() => setAt(editing ? undefined : i)} />
                  <Button type="text" size="small" icon={<ArrowUpOutlined />} disabled={i === 0} aria-label={t('line.up', { name })} onClick={() => (put(moved(steps, i, -1)), setAt(undefined))} />
                  <Button type="text" size="small" icon={<ArrowDownOutlined />} disabled={i === steps.length - 1} aria-label={t('line.down', { name })} onClick={() => (put(moved(steps, i, 1)), setAt(undefined))} />
                  <Button type="text" size="small" danger icon={<DeleteOutlined />} aria-label={t('line.drop', { name })} onClick={() => (put(steps.filter((_, x) => x !== i)), setAt(undefined))} />
                </span>
              )}
            </div>
            {!editing && <p className="muted line-gist">{gist(s, k, labelsOf(m))}</p>}
            {fault === i && (
              <p className="tone tone-bad" role="alert">
                {why}
              </p>
            )}
            {editing && k && (
              <>
                <p className="muted">{k.help}</p>
                <StepEditor options={k.options} body={(s[k.kind] ?? {}) as Record<string, unknown>} columns={columnsOf(m)} names={labelsOf(m)} disabled={!open} label={name} onChange={(b) => put(steps.map((x, n) => (n === i ? { ...x, [k.kind]: b } : x)))} />
              </>
            )}
            {count(i + 1)}
          </li>
        )
      })}
      {counts.slice(steps.length + 1).map((x, i) => (
        <li key={`t${i}`}>
          <strong>{x.name}</strong>
          {count(steps.length + 1 + i)}
        </li>
      ))}
      {open && (
        <li className="line-add">
          <Select
            aria-label={t('line.add')}
            value={null}
            placeholder={t('line.add')}
            options={kinds.map((k) => ({ value: k.kind, label: k.help ? `${k.label}：${k.help}` : k.label }))}
            onChange={(kind: string | null) => {
              const k = kinds.find((x) => x.kind === kind)
              if (!k) return
              // a mask stays last, so that what follows it cannot undo it
              const place = steps.length && kindOf(steps[steps.length - 1]!) === 'mask' && k.kind !== 'mask' ? steps.length - 1 : steps.length
              put([...steps.slice(0, place), fresh(k), ...steps.slice(place)])
              setAt(place)
            }}
          />
        </li>
      )}
    </ol>
  )
}
