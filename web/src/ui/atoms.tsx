import { Alert, Button, Skeleton } from 'antd'
import { CheckCircleFilled, ClockCircleFilled, ExclamationCircleFilled, MinusCircleFilled, ReloadOutlined } from '@ant-design/icons'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { ApiError } from '../api/client'
import type { Cell, ClauseRef, Column, Due, Tone } from '../api/types'
import { has, t } from '../i18n'
import { dueView } from '../lib/due'
import { appPath, cellText, clauseId, clauseText, date, datetime, integer, money, percent } from '../lib/format'

/** The norm behind what is shown, as a quiet mark; beside a field only its number. */
export function Clause({ of, brief }: { of: ClauseRef | string | undefined | null; brief?: boolean }) {
  const text = clauseText(of)
  if (!text) return null
  return (
    <span className="clause" title={t('clause.title', { clause: text })}>
      {brief ? (
        <>
          <span className="sr">{t('clause', { clause: '' })}</span>
          {clauseId(of)}
        </>
      ) : (
        t('clause', { clause: text })
      )}
    </span>
  )
}

const toneIcons = { ok: CheckCircleFilled, warn: ClockCircleFilled, bad: ExclamationCircleFilled, muted: MinusCircleFilled }

/** Words with a tone: a mark as well as a colour. */
export function Toned({ tone, children, title, plain }: { tone?: Tone; children: ReactNode; title?: string; plain?: boolean }) {
  if (!tone) return <span title={title}>{children}</span>
  const Icon = toneIcons[tone]
  return (
    <span className={`tone tone-${tone}`} title={title}>
      {!plain && Icon && <Icon aria-hidden />}
      {children}
    </span>
  )
}

export function DueMark({ due, detail }: { due: Due | null | undefined; detail?: boolean }) {
  const v = dueView(due)
  if (!v) return <span className="muted">{t('due.none')}</span>
  return (
    <span className="due">
      <Toned tone={v.tone} title={v.detail}>
        {v.text.includes(v.word) ? v.text : `${v.word} · ${v.text}`}
      </Toned>
      {detail && <span className="due-detail">{v.detail}</span>}
    </span>
  )
}

/** What is said for a refusal or a broken line, in the server's words where it has some. */
export function errorText(e: unknown): string {
  if (e instanceof ApiError) {
    if (e.problem.detail) return e.problem.detail
    if (e.problem.message) return e.problem.message
    const key = `error.${e.status}`
    if (has(key)) return t(key)
    if (e.problem.title && /[一-鿿]/.test(e.problem.title)) return e.problem.title
  }
  return t('error.unknown')
}

/** The error's mark for whoever is asked for help: number, code, clause. */
export function ErrorMarks({ error }: { error: unknown }) {
  if (!(error instanceof ApiError)) return null
  const { number, code, clause } = error.problem
  const parts = [clause && t('clause', { clause: clauseText(clause) }), code && t('error.code', { code }), number && t('error.number', { number })].filter(Boolean)
  return parts.length ? <div className="error-marks">{parts.join('　')}</div> : null
}

/** A part of the page that could not be had: why, its number, and one way on. */
export function ErrorBox({ error, retry, busy }: { error: unknown; retry?: () => void; busy?: boolean }) {
  const status = error instanceof ApiError ? error.status : -1
  const code = error instanceof ApiError ? error.code : ''
  return (
    <Alert
      className="error-box"
      type={status === 404 || status === 403 ? 'warning' : 'error'}
      showIcon
      title={errorText(error)}
      description={
        <>
          <ErrorMarks error={error} />
          {code === 'secondfactor.required' || code === 'password.must_change' ? (
            <p>
              <Link to="/profile">{t('error.profile')}</Link>
            </p>
          ) : (
            status === 403 && <p>{t('error.grant')}</p>
          )}
          {retry && (
            <Button size="small" icon={<ReloadOutlined />} onClick={retry} loading={busy}>
              {t('retry')}
            </Button>
          )}
        </>
      }
    />
  )
}

/** Nothing here, why, and the one next step. */
export function EmptyBox({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p>{text}</p>
      {children}
    </div>
  )
}

export function Loading({ rows = 4 }: { rows?: number }) {
  return (
    <div className="loading" role="status" aria-label={t('loading')}>
      <Skeleton active title={false} paragraph={{ rows }} />
    </div>
  )
}

export type Crumb = { label: string; to?: string }

/** Breadcrumb, the page's one heading, and what stands beside it. */
export function PageHead({ crumbs, title, sub, extra }: { crumbs: Crumb[]; title: ReactNode; sub?: ReactNode; extra?: ReactNode }) {
  return (
    <header className="page-head">
      {crumbs.length > 1 && <nav aria-label={t('crumbs')} className="crumbs">
        <ol>
          {crumbs.map((c, i) => (
            <li key={i}>{c.to ? <Link to={c.to}>{c.label}</Link> : <span aria-current={i === crumbs.length - 1 ? 'page' : undefined}>{c.label}</span>}</li>
          ))}
        </ol>
      </nav>}
      <div className="page-title">
        <div className="page-title-text">
          <h1>{title}</h1>
          {sub && <div className="page-sub">{sub}</div>}
        </div>
        {extra && <div className="page-extra">{extra}</div>}
      </div>
    </header>
  )
}

/** Whether a column stands right-aligned: what people compare digit by digit. */
export const rightAligned = (c: Pick<Column, 'kind' | 'align'>): boolean =>
  c.align ? c.align === 'right' : c.kind === 'money' || c.kind === 'int' || c.kind === 'percent'

/** One cell, formatted by its column's kind; a link stays inside the application where it can. */
export function CellView({ cell, column, href }: { cell: Cell; column: Pick<Column, 'kind'>; href?: string }) {
  const obj = cell !== null && typeof cell === 'object' ? cell : undefined
  const raw = cellText(cell)
  const text =
    raw === ''
      ? ''
      : column.kind === 'money'
        ? money(raw)
        : column.kind === 'int'
          ? integer(raw)
          : column.kind === 'percent'
            ? /^-?\d+$/.test(raw) ? `${percent(raw)}%` : raw
            : column.kind === 'date'
              ? date(raw)
              : column.kind === 'datetime'
                ? datetime(raw)
                : raw
  if (text === '') return <span className="muted">—</span>
  const to = obj?.href ?? href
  const inner = obj?.tone ? <Toned tone={obj.tone}>{text}</Toned> : column.kind === 'tag' ? <span className="tag">{text}</span> : column.kind === 'code' ? <code>{text}</code> : text
  if (!to) return <>{inner}</>
  return <SmartLink to={to}>{inner}</SmartLink>
}

/** A link of the contract: files and other faces open as such, pages of ours through the router. */
export function SmartLink({ to, children, className }: { to: string; children: ReactNode; className?: string }) {
  if (/^(\/?api\/|\/(api|log|open|portal)(\/|$)|[a-z]+:)/.test(to)) {
    return (
      <a className={className} href={to} target="_blank" rel="noopener noreferrer">
        {children}
      </a>
    )
  }
  const [path = '', search = ''] = appPath(to).split('?')
  return (
    <Link className={className} to={path} search={Object.fromEntries(new URLSearchParams(search)) as never}>
      {children}
    </Link>
  )
}
