import { Alert, Button, Input, Modal } from 'antd'
import { useEffect, useMemo, useRef, useState } from 'react'
import { ApiError } from '../api/client'
import type { Case, DryRun, Field, FieldError, Form, Offer } from '../api/types'
import { ErrorSummary, FormFields } from '../form/FormFields'
import { FilePicker } from '../form/files'
import { check, mapErrors, toSend, type Problem } from '../form/model'
import { t } from '../i18n'
import { confirms, edits, needsInput } from '../lib/offers'
import { Clause, DueMark, ErrorBox, ErrorMarks, errorText, Loading } from '../ui/atoms'
import { act, newKey, type ActBody } from './act'

type Where = { form: Problem[]; dialog: Problem[] }

/** Sorts the server's complaints between the dialog's own inputs and the case's form behind it. */
export function sortErrors(errors: readonly FieldError[], offerFields: readonly Field[], formFields: readonly Field[]): Where {
  const own: Field[] = [
    ...offerFields,
    { name: 'opinion', label: t('act.opinion'), kind: 'longtext' },
    { name: 'attachments', label: t('act.attachments'), kind: 'files' },
  ]
  const out: Where = { form: [], dialog: [] }
  for (const e of errors) {
    const toForm = /^[#/$.]*(body[./])?form[./[]/.test(e.path ?? '')
    const first = toForm ? formFields : own
    const second = toForm ? own : formFields
    const a = mapErrors([e], first)
    if (a.placed.length) (toForm ? out.form : out.dialog).push(...a.placed)
    else {
      const b = mapErrors([e], second)
      if (b.placed.length) (toForm ? out.dialog : out.form).push(...b.placed)
      else out.dialog.push(...b.general)
    }
  }
  return out
}

/**
 * One act: what it needs, what it will do (rehearsed by the server), and the
 * confirmation. Nothing typed is lost on a refusal or when somebody else was faster.
 */
export function ActionDialog({
  c,
  offer,
  gone,
  form,
  onFormProblems,
  onDone,
  onClose,
  onReload,
}: {
  c: Case
  offer: Offer
  /** The act is no longer offered since the case was read again. */
  gone: boolean
  form: Form
  onFormProblems: (p: Problem[]) => void
  onDone: (next: Case, offer: Offer) => void
  onClose: () => void
  onReload: () => Promise<unknown>
}) {
  const [input, setInput] = useState<Form>({})
  const [opinion, setOpinion] = useState('')
  const [files, setFiles] = useState<string[]>([])
  const [problems, setProblems] = useState<Problem[]>([])
  const [formProblems, setFormProblems] = useState<Problem[]>([])
  const [dry, setDry] = useState<DryRun>()
  const [busy, setBusy] = useState<'dry' | 'do' | 'reload'>()
  const [error, setError] = useState<unknown>()
  const [typed, setTyped] = useState('')
  const key = useRef(newKey())
  const withForm = edits(offer, c.offers)
  const scope = 'act'
  const wantsFiles = offer.action === 'attach' || !!offer.backfill

  const touched = () => {
    setDry(undefined)
    setError(undefined)
    key.current = newKey()
  }

  const body = (): ActBody => ({
    ...(withForm ? { form: toSend(c.fields, form) } : {}),
    ...(offer.fields.length ? { input: toSend(offer.fields, input) } : {}),
    ...(opinion.trim() ? { opinion: opinion.trim() } : {}),
    ...(files.length ? { attachments: files } : {}),
    ...(offer.as ? { as: offer.as } : {}),
  })

  const localProblems = (): Problem[] => [
    ...check(offer.fields, input),
    ...(offer.needsOpinion && !opinion.trim() ? [{ key: 'opinion', label: t('act.opinion'), message: t('act.opinion.missing'), clause: offer.clause }] : []),
    ...(wantsFiles && !files.length ? [{ key: 'attachments', label: t('act.attachments'), message: t('act.attachments.missing') }] : []),
  ]

  const take = (errors: readonly FieldError[] | undefined, refusal?: { message: string; clause?: Problem['clause'] }) => {
    const w = sortErrors(errors ?? [], offer.fields, c.fields)
    setProblems(refusal && !w.dialog.length && !w.form.length ? [{ key: '', label: '', message: refusal.message, clause: refusal.clause }] : w.dialog)
    setFormProblems(w.form)
    onFormProblems(w.form)
  }

  const send = async (isDry: boolean) => {
    const mine = localProblems()
    const behind = withForm ? check(c.fields, form) : []
    setProblems(mine)
    setFormProblems(behind)
    if (withForm) onFormProblems(behind)
    if (mine.length || behind.length) return
    setBusy(isDry ? 'dry' : 'do')
    setError(undefined)
    try {
      if (isDry) {
        const d = await act<DryRun>(c.no, offer.action, c.revision, body(), key.current, true)
        setDry(d)
        if (!d.ok) take(d.errors, d.errors?.length ? undefined : d.refusal)
      } else {
        onDone(await act<Case>(c.no, offer.action, c.revision, body(), key.current, false), offer)
      }
    } catch (e) {
      setDry(undefined)
      setError(e)
      if (e instanceof ApiError && e.status >= 400 && e.status < 500) key.current = newKey()
      if (e instanceof ApiError && e.status === 422) take(e.problem.errors)
    } finally {
      setBusy(undefined)
    }
  }

  // nothing to fill in: the rehearsal is shown at once
  const auto = useRef(!needsInput(offer) && !offer.fields.length && !wantsFiles)
  useEffect(() => {
    if (auto.current) {
      auto.current = false
      void send(true)
    }
    // once, when the dialog opens
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [])

  // the button that opened the dialog gets the focus back; an entry of the closed menu leaves it to the menu's button
  const [opener] = useState(() => document.activeElement as HTMLElement | null)
  useEffect(
    () => () => {
      setTimeout(() => {
        if (document.activeElement && document.activeElement !== document.body) return
        if (opener?.isConnected && opener !== document.body && opener.offsetParent) opener.focus()
        else document.querySelector<HTMLElement>('.action-buttons .ant-dropdown-trigger, .action-buttons button')?.focus()
      }, 0)
    },
    [opener],
  )

  const stale = error instanceof ApiError && (error.status === 409 || error.status === 412)
  const ready = dry?.ok === true
  const confirmed = !offer.irreversible || confirms(typed, c.no)
  const opinionField: Field = useMemo(
    () => ({ name: 'opinion', label: t('act.opinion'), kind: 'longtext', required: offer.needsOpinion, max: 2000 }),
    [offer.needsOpinion],
  )

  return (
    <Modal
      open
      width={720}
      className="action-dialog"
      title={
        <>
          {offer.label} <span className="muted">{c.no}</span>
        </>
      }
      onCancel={onClose}
      mask={{ closable: false }}
      footer={
        <div className="dialog-foot">
          <Button onClick={onClose}>{t('cancel')}</Button>
          {ready ? (
            <Button type="primary" danger={offer.style === 'danger' || offer.irreversible} disabled={!confirmed || gone} loading={busy === 'do'} onClick={() => void send(false)}>
              {t('act.confirm', { label: offer.label })}
            </Button>
          ) : (
            <Button type="primary" loading={busy === 'dry'} disabled={gone || stale} onClick={() => void send(true)}>
              {t('act.rehearse')}
            </Button>
          )}
        </div>
      }
    >
      <p className="act-basis">
        <Clause of={offer.clause} />
        {c.title}
      </p>
      {offer.irreversible && (
        <Alert type="error" showIcon title={t('act.irreversible')} description={offer.consequence || t('act.irreversible.text')} className="gap" />
      )}
      {!offer.irreversible && offer.consequence && <Alert type="info" showIcon title={offer.consequence} className="gap" />}
      {gone && <Alert type="warning" showIcon className="gap" title={t('act.gone', { label: offer.label })} description={t('act.gone.text')} />}
      {stale && (
        <Alert
          type="warning"
          showIcon
          className="gap"
          title={t('act.stale')}
          description={
            <>
              <p>{errorText(error)}</p>
              <ErrorMarks error={error} />
              <Button
                size="small"
                type="primary"
                loading={busy === 'reload'}
                onClick={() => {
                  setBusy('reload')
                  void onReload().finally(() => {
                    setBusy(undefined)
                    touched()
                  })
                }}
              >
                {t('act.stale.reload')}
              </Button>
            </>
          }
        />
      )}
      {error !== undefined && !stale && <ErrorBox error={error} retry={() => void send(!ready)} busy={!!busy} />}
      <ErrorSummary scope={scope} problems={problems} />
      {formProblems.length > 0 && (
        <Alert
          type="error"
          showIcon
          className="gap"
          title={t('act.form', { n: formProblems.length })}
          description={
            <>
              <ul>
                {formProblems.slice(0, 8).map((p, i) => (
                  <li key={i}>
                    {p.message.includes(p.label) ? p.message : `${p.label}：${p.message}`}
                    <Clause of={p.clause} brief />
                  </li>
                ))}
              </ul>
              <Button size="small" onClick={onClose}>
                {t('act.form.go')}
              </Button>
            </>
          }
        />
      )}
      {offer.fields.length > 0 && (
        <FormFields
          scope={scope}
          fields={offer.fields}
          form={input}
          problems={problems}
          onChange={(name, v) => {
            setInput((x) => ({ ...x, [name]: v }))
            setProblems((ps) => ps.filter((p) => p.key !== name && !p.key.startsWith(name + '.')))
            touched()
          }}
        />
      )}
      {offer.action !== 'attach' && (
        <FormFields
          scope={scope}
          fields={[opinionField]}
          form={{ opinion }}
          problems={problems}
          onChange={(_, v) => {
            setOpinion(String(v ?? ''))
            setProblems((ps) => ps.filter((p) => p.key !== 'opinion'))
            touched()
          }}
        />
      )}
      <fieldset className="fields">
        <div className="field wide">
          <div className="field-label">
            <span className="label">{t('act.attachments')}</span>
            {wantsFiles && (
              <span className="must" aria-hidden>
                *
              </span>
            )}
          </div>
          {offer.backfill && <div className="field-help">{t('act.backfill')}</div>}
          <FilePicker
            id="act-attachments"
            label={t('act.attachments')}
            many
            signable={offer.action === 'chain_sign' ? 'likely' : offer.action === 'attach' ? 'may' : undefined}
            ids={files}
            invalid={problems.some((p) => p.key === 'attachments')}
            onChange={(x) => {
              setFiles(x)
              setProblems((ps) => ps.filter((p) => p.key !== 'attachments'))
              touched()
            }}
          />
          {problems
            .filter((p) => p.key === 'attachments')
            .map((p, i) => (
              <div key={i} className="field-error">
                {p.message}
              </div>
            ))}
        </div>
      </fieldset>
      {busy === 'dry' && <Loading rows={2} />}
      {dry && dry.ok && <Rehearsal dry={dry} from={c.state.label} />}
      {ready && offer.irreversible && (
        <div className="field wide confirm-number">
          <label htmlFor="act-number">{t('act.number', { no: c.no })}</label>
          <Input id="act-number" value={typed} autoComplete="off" onChange={(e) => setTyped(e.target.value)} placeholder={c.no} aria-describedby="act-number-help" />
          <div id="act-number-help" className="field-help">
            {confirmed ? t('act.number.ok') : t('act.number.help')}
          </div>
        </div>
      )}
    </Modal>
  )
}

/** 预演: what the server says would happen, nothing having happened yet. */
export function Rehearsal({ dry, from }: { dry: DryRun; from: string }) {
  return (
    <section className="rehearsal" role="status" aria-label={t('act.rehearsal')}>
      <h3>{t('act.rehearsal')}</h3>
      <ul>
        {dry.toLabel && <li>{dry.toLabel === from ? t('act.stays', { to: dry.toLabel }) : t('act.moves', { from, to: dry.toLabel })}</li>}
        {(dry.effects ?? []).map((e, i) => (
          <li key={i}>{e}</li>
        ))}
        {dry.due && (
          <li>
            {t('act.due')}
            <DueMark due={dry.due} />
          </li>
        )}
      </ul>
      <p className="muted">{t('act.rehearsal.note')}</p>
    </section>
  )
}
