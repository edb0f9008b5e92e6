import { Alert, Button } from 'antd'
import { PrinterOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useMemo, useRef, useState } from 'react'
import { call, url } from '../api/client'
import { caseKey, useCase, useMe } from '../api/hooks'
import type { Case, Form, Offer, Section } from '../api/types'
import { ActionBar } from '../case/ActionBar'
import { ActionDialog } from '../case/ActionDialog'
import { ChainStrip, Phases } from '../case/strips'
import { Timeline } from '../case/Timeline'
import { useDraft, type DraftState } from '../case/useDraft'
import { AttachmentList, ShelfProvider } from '../form/files'
import { FieldsView } from '../form/FieldView'
import { ErrorSummary, FormFields } from '../form/FormFields'
import { check, labelOf, shown, toSend, type Problem } from '../form/model'
import { t } from '../i18n'
import { clauseText, datetime, refName } from '../lib/format'
import { canEdit, changedFields, edits, offerKey, rebase } from '../lib/offers'
import { usePageTitle } from '../lib/page'
import { DocumentLinks } from '../sections/DocumentView'
import { SectionView } from '../sections/SectionView'
import { Clause, DueMark, ErrorBox, Loading, PageHead } from '../ui/atoms'
import { PrintHead } from '../ui/PrintHead'

export default function CasePage({ no, startAct }: { no: string; startAct?: string }) {
  const q = useCase(no)
  const me = useMe().data
  usePageTitle(q.data ? `${q.data.title} ${no}` : no, me?.city.platform)
  if (q.isPending) return <Loading rows={8} />
  if (!q.data) {
    return (
      <>
        <PageHead crumbs={[{ label: t('work'), to: '/work' }, { label: no }]} title={no} />
        <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
      </>
    )
  }
  return <CaseView key={no} c={q.data} startAct={startAct} refreshError={q.isError ? q.error : undefined} reload={() => q.refetch()} />
}

function CaseView({ c, startAct, refreshError, reload }: { c: Case; startAct?: string; refreshError?: unknown; reload: () => Promise<{ data?: Case }> }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const editable = canEdit(c)
  const [base, setBase] = useState(c)
  const restored = useRef(c.draft && editable && changedFields(toSend(c.fields, c.form), toSend(c.fields, c.draft.form)).length ? c.draft : undefined)
  const [form, setForm] = useState<Form>(restored.current?.form ?? c.form)
  const [dirty, setDirty] = useState(false)
  const [fromDraft, setFromDraft] = useState(restored.current?.at)
  const [problems, setProblems] = useState<Problem[]>([])
  const [moved, setMoved] = useState<{ kept: string[]; conflicts: string[] }>()
  const [opened, setOpened] = useState<Offer>()
  const [done, setDone] = useState<string>()
  const [summaryTurn, setSummaryTurn] = useState(0)
  const draft = useDraft(c.no, c.fields, form, dirty, editable, (f, at) =>
    client.setQueryData(caseKey(c.no), (old: Case | undefined) => old && { ...old, draft: { form: f, at } }),
  )
  const doneBox = useRef<HTMLDivElement>(null)

  // the case was read again: the new base comes in under what has been typed
  if (base !== c) {
    setBase(c)
    if (base.revision !== c.revision) {
      if (dirty || fromDraft) {
        const r = rebase(base.form, form, c.form)
        setForm(r.form)
        setMoved(r.kept.length ? r : undefined)
      } else setForm(c.form)
    } else if (!dirty && !fromDraft) setForm(c.form)
  }

  useEffect(() => {
    if (!startAct) return
    const o = c.offers.find((x) => x.action === startAct && x.allowed) ?? (startAct === 'first' ? c.offers.find((x) => x.allowed && edits(x, c.offers)) : undefined)
    if (o) setOpened(o)
    void navigate({ to: '/cases/$no', params: { no: c.no }, replace: true })
    // once for the address it came with
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [startAct])

  const change = (name: string, v: unknown) => {
    setForm((f) => ({ ...f, [name]: v }))
    setDirty(true)
    setDone(undefined)
    setProblems((ps) => ps.filter((p) => p.key !== name && !p.key.startsWith(name + '.')))
  }
  const blur = (name: string) => {
    const mine = check(c.fields.filter((f) => f.name === name), form).filter(() => form[name] !== undefined && form[name] !== '')
    setProblems((ps) => [...ps.filter((p) => p.key !== name && !p.key.startsWith(name + '.')), ...mine])
  }
  const discard = () => {
    setForm(c.form)
    setDirty(false)
    setFromDraft(undefined)
    setProblems([])
    void call(`/api/cases/${encodeURIComponent(c.no)}/draft`, { method: 'PUT', body: { form: c.form } }).catch(() => undefined)
  }

  const finish = (next: Case, o: Offer) => {
    setOpened(undefined)
    const took = edits(o, c.offers)
    if (took) {
      setDirty(false)
      setFromDraft(undefined)
      setProblems([])
      setMoved(undefined)
    }
    setDone(t('act.done', { label: o.label, state: next?.state?.label ?? '' }))
    if (next?.no) client.setQueryData(caseKey(c.no), next)
    else void client.invalidateQueries({ queryKey: caseKey(c.no) })
    for (const k of ['cases', 'me', 'messages', 'leader', 'entry', 'register']) void client.invalidateQueries({ queryKey: [k] })
    setTimeout(() => doneBox.current?.focus(), 60)
  }

  const sections = useMemo(() => withRest(c), [c])
  const liveOffer = opened && c.offers.find((o) => offerKey(o) === offerKey(opened) && o.allowed)
  const marks = moved ? Object.fromEntries(moved.conflicts.map((n) => [n, t('case.conflict')])) : undefined
  const context = { fields: c.fields, form: editable ? form : c.form, caseNo: c.no, documents: c.documents }

  return (
    <ShelfProvider caseNo={c.no} known={[...c.attachments, ...c.history.flatMap((h) => h.attachments ?? [])]}>
      <PrintHead title={`${c.no} ${c.title}`} />
      <PageHead
        crumbs={[{ label: t('work'), to: '/work' }, { label: c.procedure.title, to: `/help/${c.procedure.id}` }, { label: c.no }]}
        title={c.title}
        sub={
          <span className="case-sub">
            <code>{c.no}</code>
            <span className={`state ${c.state.terminal ? 'ended' : ''}`}>{c.state.label}</span>
            <span>{c.procedure.title}</span>
            {c.procedure.kind === 'filing' && <span className="tag">{t('filing')}</span>}
            {c.backfill && <span className="tag tag-warn">{t('backfill')}</span>}
            <Clause of={c.procedure.clause} />
            {c.due && <DueMark due={c.due} />}
          </span>
        }
        extra={
          <>
            <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
              {t('print')}
            </Button>
            <a className="btn-link" href={url(`/api/cases/${encodeURIComponent(c.no)}/timeline/timeline.pdf`)} target="_blank" rel="noopener noreferrer">
              {t('timeline.pdf')}
            </a>
          </>
        }
      />
      {refreshError !== undefined && <ErrorBox error={refreshError} retry={() => void reload()} />}
      <div ref={doneBox} tabIndex={-1} role="status" className="done-box">
        {done && <Alert type="success" showIcon title={done} closable={{ onClose: () => setDone(undefined), 'aria-label': t('close') }} />}
      </div>
      {c.overseen && <Alert type="info" showIcon className="gap" title={t('case.overseen')} />}
      {fromDraft && editable && (
        <Alert
          type="info"
          showIcon
          className="gap"
          title={t('draft.restored', { at: datetime(fromDraft) })}
          action={
            <Button size="small" onClick={discard}>
              {t('draft.discard')}
            </Button>
          }
        />
      )}
      {moved && (
        <Alert
          type="warning"
          showIcon
          className="gap"
          title={t('case.moved', { fields: moved.kept.map((n) => labelOf(n, c.fields) ?? n).join('、') })}
          description={moved.conflicts.length ? t('case.moved.conflicts', { fields: moved.conflicts.map((n) => labelOf(n, c.fields) ?? n).join('、') }) : undefined}
          closable={{ onClose: () => setMoved(undefined), 'aria-label': t('close') }}
        />
      )}
      <Phases phases={c.phases} />
      {c.chain && <ChainStrip chain={c.chain} org={refName(c.parties.find((p) => p.org.id === c.chain?.org)?.org) || refName(c.chain.org)} />}
      <div className="case-grid">
        <div className="case-main">
          <ErrorSummary key={summaryTurn} scope="form" problems={opened ? [] : problems} />
          {sections.map((s, i) => {
            const open = editable && s.kind === 'fields'
            const own = c.fields.filter((f) => s.fields?.includes(f.name))
            if (s.kind === 'fields' && !own.some((f) => shown(f, context.form))) return null
            return (
              <SectionView key={i} section={s} context={context}>
                {open ? (
                  <>
                    <FormFields scope="form" fields={own.map((f) => ({ ...f, section: undefined }))} form={form} problems={problems} marked={marks} onChange={change} onBlur={blur} />
                  </>
                ) : s.kind === 'fields' ? (
                  <FieldsView fields={own} form={c.form} />
                ) : undefined}
              </SectionView>
            )
          })}
          {c.attachments.length > 0 && (
            <section className="card" aria-label={t('attachments')}>
              <header className="card-head">
                <h2>
                  {t('attachments')} <span className="muted">{c.attachments.length}</span>
                </h2>
              </header>
              <AttachmentList items={c.attachments} />
            </section>
          )}
          <section className="card" aria-label={t('timeline')} id="timeline">
            <header className="card-head">
              <h2>{t('timeline')}</h2>
              <a className="no-print" href={url(`/api/cases/${encodeURIComponent(c.no)}/timeline/timeline.html`)} target="_blank" rel="noopener noreferrer">
                {t('timeline.page')}
              </a>
            </header>
            <Timeline c={c} />
          </section>
        </div>
        <aside className="case-side" aria-label={t('case.side')}>
          <Side c={c} />
        </aside>
      </div>
      <ActionBar
        c={c}
        open={(o) => {
          setDone(undefined)
          setOpened(o)
        }}
      >
        {editable ? <DraftWord state={draft} /> : <span>{t('case.now', { state: c.state.label })}</span>}
      </ActionBar>
      {opened && (
        <ActionDialog
          key={offerKey(opened)}
          c={c}
          offer={liveOffer ?? opened}
          gone={!liveOffer}
          form={form}
          onFormProblems={setProblems}
          onDone={finish}
          onClose={() => {
            setOpened(undefined)
            setSummaryTurn((n) => n + 1)
          }}
          onReload={reload}
        />
      )}
    </ShelfProvider>
  )
}

/** The declared sections, and one more for fields that no section names. */
export function withRest(c: Pick<Case, 'sections' | 'fields'>): Section[] {
  const sections = c.sections.map((s) => (s.kind === 'fields' && !s.fields ? { ...s, fields: c.fields.map((f) => f.name) } : s))
  const named = new Set(sections.flatMap((s) => (s.kind === 'fields' ? (s.fields ?? []) : [])))
  const rest = c.fields.filter((f) => !named.has(f.name)).map((f) => f.name)
  return rest.length ? [...sections, { kind: 'fields', title: t(named.size ? 'case.rest' : 'case.content'), fields: rest }] : sections
}

function DraftWord({ state }: { state: DraftState }) {
  switch (state.kind) {
    case 'saved':
      return <span role="status">{t('draft.saved', { at: state.at.toTimeString().slice(0, 5) })}</span>
    case 'saving':
      return <span>{t('draft.saving')}</span>
    case 'typed':
      return <span>{t('draft.typed')}</span>
    case 'failed':
      return (
        <span role="status" className="tone tone-bad">
          {t('draft.failed')}
        </span>
      )
    default:
      return <span className="muted">{t('draft.clean')}</span>
  }
}

function Side({ c }: { c: Case }) {
  const city = useMe().data?.city
  return (
    <>
      <section className="card">
        <h2>{t('case.due')}</h2>
        {c.due ? <DueMark due={c.due} detail /> : <p className="muted">{c.state.terminal ? t('case.ended') : t('due.none')}</p>}
      </section>
      {c.parties.length > 0 && (
        <section className="card">
          <h2>{t('case.parties')}</h2>
          <dl className="side-pairs">
            {c.parties.map((p, i) => (
              <div key={i}>
                <dt>{p.roleLabel}</dt>
                <dd>
                  {refName(p.org)}
                  {p.person && <span className="muted"> {refName(p.person)}</span>}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      {c.documents.length > 0 && (
        <section className="card">
          <h2>{t('documents')}</h2>
          <ul className="side-list">
            {c.documents.map((d) => (
              <li key={d.kind}>
                {d.title}
                <DocumentLinks no={c.no} doc={d} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className="card">
        <h2>{t('case.facts')}</h2>
        <dl className="side-pairs">
          <div>
            <dt>{t('case.tenant')}</dt>
            <dd>{c.tenantName ?? (c.tenant === city?.code ? city?.name : refName(c.tenant))}</dd>
          </div>
          <div>
            <dt>{t('case.basis')}</dt>
            <dd>{clauseText(c.procedure.clause)}</dd>
          </div>
          <div>
            <dt>{t('case.revision')}</dt>
            <dd>{c.revision}</dd>
          </div>
          {c.proof && (
            <div>
              <dt>{t('case.proof')}</dt>
              <dd>
                <a href={url(c.proof.url)} target="_blank" rel="noopener noreferrer">
                  {t('case.proof.seq', { n: c.proof.seq })}
                </a>
              </dd>
            </div>
          )}
        </dl>
      </section>
    </>
  )
}
