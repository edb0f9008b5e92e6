import { t } from '../i18n'
import { cellText } from '../lib/format'
import { cellsOf } from '../sections/rows'
import { SmartLink } from '../ui/atoms'
import type { PanelProps } from './index'
import './governance.css'

/** 接入向导: the steps of a connection in order, each with where to go on. The acts stay the case's own. */
export default function Hookup({ section }: PanelProps) {
  return (
    <ol className="guide">
      {(section.rows ?? []).map(cellsOf).map((r, i) => {
        const status = cellText(r.status)
        const to = cellText(r.to)
        return (
          <li key={i} className={status} aria-current={status === 'current' ? 'step' : undefined}>
            <span className="guide-no" aria-hidden>
              {status === 'done' ? '✓' : i + 1}
            </span>
            <div>
              <strong>{cellText(r.label)}</strong>
              <span className="sr">{t(status === 'done' ? 'phase.done' : status === 'current' ? 'phase.current' : 'phase.future')}</span>
              <p>{cellText(r.note)}</p>
              {to && status !== 'future' && (
                <SmartLink to={to} className={`btn-link ${status === 'current' ? 'primary' : ''}`}>
                  {status === 'current' ? t('guide.go') : t('guide.see')}
                </SmartLink>
              )}
            </div>
          </li>
        )
      })}
    </ol>
  )
}
