import { cellText } from '../lib/format'
import { cellsOf } from '../sections/rows'
import type { PanelProps } from './index'

/** 流程条: rows with label, status and a word below each, as an arrow strip. */
export default function Flow({ section }: PanelProps) {
  return (
    <ol className="phases" aria-label={section.title}>
      {(section.rows ?? []).map(cellsOf).map((r, i) => {
        const status = cellText(r.status) || 'future'
        return (
          <li key={i} className={`phase ${status}`} aria-current={status === 'current' ? 'step' : undefined}>
            <span className="phase-label">{cellText(r.label)}</span>
            <span className="phase-sub">{cellText(r.note)}</span>
          </li>
        )
      })}
    </ol>
  )
}
