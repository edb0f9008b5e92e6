import type { Cells } from '../api/types'
import { t } from '../i18n'
import { cellText } from '../lib/format'
import { cellsOf } from '../sections/rows'
import { Changes } from '../sections/SectionView'
import { CellView, EmptyBox, rightAligned } from '../ui/atoms'
import { DataTable } from '../ui/DataTable'
import type { PanelProps } from './index'
import './governance.css'

type Change = { label: string; before: string; after: string }

/** 版本: every version with its counts; what it changed against the one before opens under the table. */
export default function Versions({ section }: PanelProps) {
  const columns = section.columns ?? []
  const rows: Cells[] = (section.rows ?? []).map(cellsOf)
  if (!rows.length) return <EmptyBox text={t('empty.rows')} />
  return (
    <>
      <DataTable<Cells>
        caption={section.title}
        rows={rows}
        rowKey={(r, i) => cellText(r.id) || String(i)}
        columns={columns.map((c) => ({
          key: c.key,
          label: c.label,
          right: rightAligned(c),
          primary: c.primary,
          minor: c.key === 'id',
          render: (r) => (c.key === 'n' ? t('data.version', { n: cellText(r.n) }) : c.key === 'id' ? <code title={cellText(r.id)}>{cellText(r.id).slice(0, 12)}…</code> : <CellView cell={r[c.key]} column={c} />),
        }))}
      />
      {rows.map((r, i) => {
        const changes = (r as unknown as { changes?: Change[] }).changes
        if (!changes) return null
        const against = cellText((r as Record<string, never>).against)
        return (
          <details key={i} className="version-diff" open={i === 0}>
            <summary>
              {t('data.diff', { n: cellText(r.n), before: against })} <span className="muted">{changes.length ? t('data.diff.count', { n: changes.length }) : t('data.diff.same')}</span>
            </summary>
            {changes.length ? <Changes rows={changes} /> : null}
          </details>
        )
      })}
    </>
  )
}
