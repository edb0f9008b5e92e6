import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'

export type TableColumn<R> = {
  key: string
  label: string
  render: (row: R) => ReactNode
  right?: boolean
  width?: number
  /** The cell that names the row: its header for readers of the screen, the card's title on a phone. */
  primary?: boolean
  /** Left out of the card. */
  minor?: boolean
}

/**
 * A plain table: its head repeats on paper, it scrolls inside its own frame, and
 * on a narrow screen each row is a card whose cells carry their column's name.
 */
export function DataTable<R>({
  caption,
  columns,
  rows,
  rowKey,
  busy,
  empty,
  frame = 'cards',
  rowClass,
}: {
  caption: string
  columns: TableColumn<R>[]
  rows: readonly R[]
  rowKey: (row: R, i: number) => string
  busy?: boolean
  empty?: ReactNode
  /** What a narrow screen does: rows as cards, or the table scrolling in its frame. */
  frame?: 'cards' | 'scroll'
  rowClass?: (row: R) => string | undefined
}) {
  if (rows.length === 0 && empty) return <>{empty}</>
  const name = columns.find((c) => c.primary) ?? columns[0]
  return (
    <div className={`table-frame ${frame === 'cards' ? 'as-cards' : ''} ${busy ? 'stale' : ''}`} aria-busy={busy || undefined} tabIndex={0} role="region" aria-label={caption}>
      <table className="data">
        <caption className="sr">{caption}</caption>
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c.key} scope="col" className={c.right ? 'right' : undefined} style={c.width ? { minWidth: c.width } : undefined}>
                {c.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((r, i) => (
            <tr key={rowKey(r, i)} className={rowClass?.(r)}>
              {columns.map((c) =>
                c === name ? (
                  <th key={c.key} scope="row" data-label={c.label} className={c.right ? 'right' : undefined}>
                    {c.render(r)}
                  </th>
                ) : (
                  <td key={c.key} data-label={c.label} className={[c.right && 'right', c.minor && 'minor'].filter(Boolean).join(' ') || undefined}>
                    {c.render(r)}
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

/** The name of a row that opens its page. */
export function RowLink({ to, params, children }: { to: string; params?: Record<string, string>; children: ReactNode }) {
  return (
    <Link to={to} params={params as never} className="row-link">
      {children}
    </Link>
  )
}
