import { t } from '../i18n'
import { cellText, integer } from '../lib/format'
import { EmptyBox } from '../ui/atoms'
import { Meter } from './Meter'
import type { PanelProps } from './index'
import './governance.css'

export type Reason = { id: string; label: string; column?: string; on_fail?: string; failed: number }
export type StepCount = { name: string; kind: string; in: number; changed: number; quarantined: number; out: number; reasons?: Reason[] | null }

/** 治理步骤: how many rows each step took, changed and set aside, with the reasons. */
export default function StepCounts({ section }: PanelProps) {
  return <StepList steps={(section.rows ?? []) as unknown as StepCount[]} title={section.title} />
}

export function StepList({ steps, title }: { steps: readonly StepCount[]; title: string }) {
  if (!steps.length) return <EmptyBox text={t('empty.rows')} />
  const most = Math.max(1, ...steps.map((s) => s.in))
  return (
    <ol className="step-counts" aria-label={title}>
      {steps.map((s, i) => (
        <li key={i}>
          <span className="step-no" aria-hidden>
            {i + 1}
          </span>
          <div className="step-body">
            <div className="step-line">
              <strong>{cellText(s.name)}</strong>
              <span>{t('data.in', { n: integer(s.in) })}</span>
              <span className={s.changed ? undefined : 'muted'}>{t('data.changed', { n: integer(s.changed) })}</span>
              <span className={s.quarantined ? 'tone tone-warn' : 'muted'}>{t('data.quarantined', { n: integer(s.quarantined) })}</span>
              <span>{t('data.out', { n: integer(s.out) })}</span>
            </div>
            <Meter value={s.out} of={most} tone={s.quarantined ? 'warn' : undefined} />
            <Reasons of={s.reasons} />
          </div>
        </li>
      ))}
    </ol>
  )
}

export function Reasons({ of }: { of?: Reason[] | null }) {
  const hit = (of ?? []).filter((x) => x.failed > 0)
  if (!hit.length) return null
  return (
    <ul className="step-reasons">
      {hit.map((x, k) => (
        <li key={k}>
          {x.label}
          {x.column && (
            <>
              {' '}
              <code>{x.column}</code>
            </>
          )}
          ：{t('data.rows', { n: integer(x.failed) })}
          <span className="muted">（{t(x.on_fail === 'null' ? 'data.onfail.null' : x.on_fail === 'report' ? 'data.onfail.report' : 'data.onfail.quarantine')}）</span>
        </li>
      ))}
    </ul>
  )
}
