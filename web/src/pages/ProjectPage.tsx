import { Alert, Button, Input, Progress } from 'antd'
import { CaretRightFilled, HistoryOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useCallback, useRef, useState } from 'react'
import { ApiError, call } from '../api/client'
import { useMe, useProject } from '../api/hooks'
import type { Problem, Project, ProjectColumn, Question } from '../api/types'
import { has, t } from '../i18n'
import { date, datetime, integer, lastDay, rho } from '../lib/format'
import { usePageTitle } from '../lib/page'
import { priceOf, tableOf, type ResultTable } from '../lib/answer'
import { EmptyBox, ErrorBox, ErrorMarks, Loading, PageHead, Toned } from '../ui/atoms'
import { Watermark } from '../ui/Watermark'

const SqlEditor = lazy(() => import('./SqlEditor'))

/** 安全沙箱: questions go in, checked answers come out; the rows themselves never do. */
export default function ProjectPage({ no }: { no: string }) {
  const q = useProject(no)
  const me = useMe().data!
  usePageTitle(q.data?.title ?? no, me.city.platform)
  const crumbs = [{ label: t('work'), to: '/work' }, { label: t('sandbox') }, { label: no }]
  if (q.isPending) return <Loading rows={10} />
  if (!q.data) {
    return (
      <>
        <PageHead crumbs={crumbs} title={no} />
        <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
      </>
    )
  }
  return (
    <>
      <PageHead
        crumbs={crumbs}
        title={q.data.title}
        sub={
          <span className="case-sub">
            <code>{q.data.no}</code>
            <span className="state">{stateWord(q.data.state)}</span>
            <span>{t('sandbox.period', { from: date(q.data.period.from), to: lastDay(q.data.period.to) })}</span>
          </span>
        }
      />
      {q.data.purpose && <p className="section-note">{t('sandbox.purpose', { purpose: q.data.purpose })}</p>}
      {q.data.mayAsk === false && <Alert type="warning" showIcon className="gap" title={t('sandbox.mayask')} description={q.data.stateReason || t('sandbox.mayask.text')} />}
      <Bench p={q.data} watermark={me.watermark} />
    </>
  )
}

const stateWord = (state: string): string => {
  const key = `sandbox.project.${state}`
  return has(key) ? t(key) : state
}
const roleWord = (role: string): string => {
  const key = `sandbox.role.${role}`
  return has(key) ? t(key) : role
}

function Bench({ p, watermark }: { p: Project; watermark: string }) {
  const client = useQueryClient()
  const [text, setText] = useState('')
  const [sigma, setSigma] = useState('')
  const [busy, setBusy] = useState<'dry' | 'run'>()
  const [price, setPrice] = useState<Question>()
  const [answer, setAnswer] = useState<Question>()
  const [refusal, setRefusal] = useState<unknown>()
  const insert = useRef<(s: string) => void>(() => undefined)
  const ready = useCallback((f: (s: string) => void) => {
    insert.current = f
  }, [])

  const ask = async (dry: boolean) => {
    if (!text.trim()) {
      setRefusal(new ApiError({ status: 422, detail: t('sandbox.nothing') }))
      return
    }
    setBusy(dry ? 'dry' : 'run')
    setRefusal(undefined)
    if (!dry) setAnswer(undefined)
    setPrice(undefined)
    try {
      const a = await call<Question>(`/api/projects/${encodeURIComponent(p.no)}/questions${dry ? '?dry=1' : ''}`, {
        method: 'POST',
        body: { sql: text, ...(/^\d+(\.\d+)?$/.test(sigma) ? { sigma: Number(sigma) } : {}) },
      })
      if (dry) setPrice(a)
      else setAnswer(a)
    } catch (e) {
      setRefusal(e)
    } finally {
      setBusy(undefined)
      if (!dry) void client.invalidateQueries({ queryKey: ['project', p.no] })
    }
  }

  const { budget } = p
  const used = budget.total > 0 ? Math.min(100, Math.round((budget.spent / budget.total) * 100)) : 0
  return (
    <div className="bench">
      <aside className="bench-schema card" aria-label={t('sandbox.tables')}>
        <h2>{t('sandbox.tables')}</h2>
        {!p.tables.length && <EmptyBox text={t('sandbox.notables')} />}
        {p.tables.map((x) => (
          <details key={x.name} open={p.tables.length <= 3}>
            <summary>
              <code>{x.name}</code> <span className="muted">{x.label}</span>
            </summary>
            <ul>
              {x.columns.map((c) => (
                <li key={c.name}>
                  <button type="button" className="column" onClick={() => insert.current(c.name)} title={t('sandbox.insert', { name: c.name })} disabled={c.role === 'forbidden'}>
                    <code>{c.name}</code>
                    <span>{c.label}</span>
                    <span className="muted">
                      {[c.type, roleWord(c.role)].filter(Boolean).join(' · ')}
                    </span>
                    <Domain c={c} />
                  </button>
                </li>
              ))}
            </ul>
          </details>
        ))}
      </aside>
      <div className="bench-main">
        <section className="card" aria-label={t('sandbox.ask')}>
          <header className="card-head">
            <h2>{t('sandbox.ask')}</h2>
            <div className="budget">
              <span>{t('sandbox.budget', { left: rho(budget.left), total: rho(budget.total) })}</span>
              <Progress percent={used} size="small" showInfo={false} status={used >= 90 ? 'exception' : 'normal'} aria-label={t('sandbox.budget.used', { n: used })} />
              {!!budget.day && <span className="muted">{t('sandbox.budget.day', { left: rho(Math.max(0, budget.day - (budget.daySpent ?? 0))), total: rho(budget.day) })}</span>}
            </div>
          </header>
          <Suspense fallback={<Loading rows={4} />}>
            <SqlEditor
              value={text}
              tables={p.tables}
              onChange={(s) => {
                setText(s)
                setPrice(undefined)
              }}
              onRun={() => void ask(false)}
              onReady={ready}
            />
          </Suspense>
          <div className="bench-tools">
            <label htmlFor="sigma">{t('sandbox.sigma')}</label>
            <Input id="sigma" className="num w-small" inputMode="decimal" value={sigma} placeholder={t('sandbox.sigma.default')} onChange={(e) => setSigma(e.target.value)} />
            <span className="spacer" />
            <Button onClick={() => void ask(true)} loading={busy === 'dry'} disabled={p.mayAsk === false}>
              {t('sandbox.price')}
            </Button>
            <Button type="primary" icon={<CaretRightFilled />} onClick={() => void ask(false)} loading={busy === 'run'} disabled={p.mayAsk === false} title="Ctrl+Enter">
              {t('sandbox.run')}
            </Button>
          </div>
          {price && (
            <Alert
              type="info"
              showIcon
              role="status"
              title={t('sandbox.priced', { n: rho(priceOf(price) ?? 0), left: rho(Math.max(0, budget.left - (priceOf(price) ?? 0))) })}
              description={
                <>
                  {!!price.aggregates?.length && (
                    <ul>
                      {price.aggregates.map((x, i) => (
                        <li key={i}>{x.half_width > 0 ? t('sandbox.expects', { title: x.title, n: Number(x.half_width.toPrecision(4)) }) : x.title}</li>
                      ))}
                    </ul>
                  )}
                  {t('sandbox.priced.text')}
                </>
              }
            />
          )}
          {refusal !== undefined && <RefusedQuestion error={refusal} take={setText} />}
        </section>
        {answer && <Answer a={answer} watermark={watermark} />}
        <section className="card" aria-label={t('sandbox.history')}>
          <h2>
            <HistoryOutlined aria-hidden /> {t('sandbox.history')}
          </h2>
          {!p.questions?.length && <EmptyBox text={t('sandbox.nohistory')} />}
          <ol className="questions">
            {(p.questions ?? []).map((x) => (
              <li key={x.id ?? x.n}>
                <div className="q-head">
                  <time>{datetime(x.at)}</time>
                  <span>{x.by}</span>
                  <QuestionState q={x} />
                  {!!priceOf(x) && <span className="muted">{t('sandbox.paid', { n: rho(priceOf(x)) })}</span>}
                </div>
                <pre className="sql">{x.sql}</pre>
                {x.message && <p className="field-error">{x.message}</p>}
                <div className="q-tools">
                  <Button size="small" onClick={() => setText(x.sql ?? '')}>
                    {t('sandbox.reuse')}
                  </Button>
                  {!!x.rows?.length && (
                    <Button size="small" onClick={() => setAnswer(x)}>
                      {t('sandbox.show')}
                    </Button>
                  )}
                </div>
              </li>
            ))}
          </ol>
        </section>
      </div>
    </div>
  )
}

/** What values a column may be asked about: a range with its finest step, or the list itself. */
function Domain({ c }: { c: ProjectColumn }) {
  const { domain, lo, hi, grid } = c
  if (lo && hi) {
    return (
      <span className="domain">
        {lo} – {hi}
        {grid && grid !== '1' && t('sandbox.step', { n: grid })}
      </span>
    )
  }
  if (!domain?.length) return null
  return <span className="domain">{domain.slice(0, 8).join('、') + (domain.length > 8 ? '…' : '')}</span>
}

function QuestionState({ q }: { q: Question }) {
  const key = `sandbox.state.${q.state}`
  const tone = q.state === 'answered' ? 'ok' : q.state === 'refused' || q.state === 'failed' ? 'bad' : 'muted'
  return <Toned tone={tone}>{has(key) ? t(key) : q.state}</Toned>
}

/** Why the question cannot be asked, and what to write instead. */
function RefusedQuestion({ error, take }: { error: unknown; take: (sql: string) => void }) {
  const p: Problem | undefined = error instanceof ApiError ? error.problem : undefined
  if (!p || !p.code || p.status >= 500 || p.status === 0) return <ErrorBox error={error} />
  return (
    <Alert
      type="warning"
      showIcon
      role="alert"
      title={p.message ?? p.detail ?? t('sandbox.refused')}
      description={
        <>
          <ErrorMarks error={error} />
          {p.rewrite && (
            <>
              <p>{t('sandbox.rewrite')}</p>
              <pre className="sql">{p.rewrite}</pre>
              {/^\s*(with|select)\b/i.test(p.rewrite) && (
                <Button size="small" onClick={() => take(p.rewrite!)}>
                  {t('sandbox.rewrite.take')}
                </Button>
              )}
            </>
          )}
        </>
      }
    />
  )
}

/** An answer stays in the sandbox: copying is refused here and the way out is named. */
function Answer({ a, watermark }: { a: Question; watermark: string }) {
  const [blocked, setBlocked] = useState(false)
  const table: ResultTable = tableOf(a)
  const block = (e: React.SyntheticEvent) => {
    e.preventDefault()
    setBlocked(true)
  }
  return (
    <section className="card answer" aria-label={t('sandbox.answer')} onCopy={block} onCut={block} onDragStart={block}>
      <header className="card-head">
        <h2>{t('sandbox.answer')}</h2>
        <span className="muted">
          {[a.at && datetime(a.at), priceOf(a) !== undefined && t('sandbox.paid', { n: rho(priceOf(a)) }), a.repeated && t('sandbox.repeated')].filter(Boolean).join(' · ')}
        </span>
      </header>
      {blocked && <Alert type="warning" showIcon role="alert" className="gap" title={t('sandbox.copy')} description={t('sandbox.copy.text')} closable={{ onClose: () => setBlocked(false), 'aria-label': t('close') }} />}
      {a.truncated && <p className="section-note">{t('sandbox.truncated')}</p>}
      {table.withheld > 0 && <p className="section-note">{t('sandbox.withheld.note', { n: table.withheld })}</p>}
      <Watermark text={`${watermark} ${datetime(new Date().toISOString())}`}>
        {!table.rows.length ? (
          <EmptyBox text={t('sandbox.norows')} />
        ) : (
          <div className="table-frame" tabIndex={0} role="region" aria-label={t('sandbox.answer')}>
            <table className="data">
              <caption className="sr">{t('sandbox.answer')}</caption>
              <thead>
                <tr>
                  {table.columns.map((c, i) => (
                    <th key={i} scope="col" className={c.numeric ? 'right' : undefined}>
                      {c.label}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {table.rows.map((r, i) => (
                  <tr key={i}>
                    {r.map((v, j) => (
                      <td key={j} className={table.columns[j]?.numeric ? 'right' : undefined}>
                        {v.withheld ? (
                          <span className="withheld" title={t('sandbox.withheld.why')}>
                            {t('sandbox.withheld')}
                          </span>
                        ) : (
                          table.columns[j]?.numeric ? integer(v.text) : v.text
                        )}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Watermark>
      <p className="muted">
        {t('sandbox.release')}
      </p>
    </section>
  )
}
