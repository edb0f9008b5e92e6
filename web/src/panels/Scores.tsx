import { t } from '../i18n'
import { cellText } from '../lib/format'
import { CellView } from '../ui/atoms'
import { cellsOf } from '../sections/rows'
import type { PanelProps } from './index'

/** 评分汇总: one row an item or a bidder, one column an expert; the table scrolls, its first column stays. */
export default function Scores({ section }: PanelProps) {
  const columns = section.columns ?? []
  const rows = (section.rows ?? []).map(cellsOf)
  if (!rows.length) return <p className="muted">{t('empty.rows')}</p>
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={section.title}>
      <table className="data scores">
        <caption className="sr">{section.title}</caption>
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c.key} scope="col">
                {c.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((r, i) => (
            <tr key={i}>
              {columns.map((c, j) =>
                j === 0 ? (
                  <th key={c.key} scope="row">
                    <CellView cell={r[c.key]} column={c} />
                  </th>
                ) : (
                  <td key={c.key} className={/^-?[\d.]+$/.test(cellText(r[c.key])) ? 'right' : undefined}>
                    <CellView cell={r[c.key]} column={c} />
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
