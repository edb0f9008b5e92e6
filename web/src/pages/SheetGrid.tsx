import { useRef, useState } from 'react'
import type { RowKind, SheetView, ViewRow } from '../api/reading'
import { t, type Key } from '../i18n'
import { letters, markOf, marks, mergeAt, settable } from '../lib/sheet'

export type RowChange = { row: number; to: RowKind | 'auto' | 'headerBegins' | 'headerEnds' }

const kinds: RowKind[] = ['data', 'section', 'note', 'total']
const words: Record<RowKind, Key> = { data: 'sheet.data', section: 'sheet.section', note: 'sheet.note', total: 'sheet.total' }
const classOf = (is: string) => (is in marks ? `is-${is}` : 'is-flaw')

/** The sheet as it is: row numbers and column letters, each row with what it is taken for and why. */
export function SheetGrid({ view, said, book, disabled, onChange }: { view: SheetView; said: ReadonlySet<number>; book: boolean; disabled: boolean; onChange: (c: RowChange) => void }) {
  const [at, setAt] = useState<ViewRow>()
  const frame = useRef<HTMLDivElement>(null)
  const width = Math.max(1, ...view.rows.map((r) => r.cells.length))
  const top = view.rows.length > 0 && view.rows[0]!.n <= 1
  const move = (e: React.KeyboardEvent, i: number) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 }[e.key]
    if (!step || e.altKey) return
    const next = frame.current?.querySelector<HTMLElement>(`[data-row="${Math.max(0, Math.min(view.rows.length - 1, i + step))}"]`)
    if (next) {
      e.preventDefault()
      next.focus()
    }
  }
  return (
    <>
      <div className="sheet-frame" ref={frame} role="region" aria-label={t('sheet.grid')}>
        <table className="sheet">
          <thead>
            <tr>
              <th scope="col" className="sheet-n">
                {t('sheet.row')}
              </th>
              <th scope="col" className="sheet-kind">
                {t('sheet.kind')}
              </th>
              {Array.from({ length: width }, (_, i) => (
                <th key={i} scope="col">
                  {book ? letters(i) : i + 1}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {view.rows.map((r, i) => (
              <tr key={r.n} className={`${classOf(r.is)} ${at?.n === r.n ? 'at' : ''}`} onMouseEnter={() => setAt(r)}>
                <th scope="row" className="sheet-n">
                  <button type="button" data-row={i} tabIndex={i === 0 ? 0 : -1} onFocus={() => setAt(r)} onKeyDown={(e) => move(e, i)} title={whyOf(r)} aria-label={t('sheet.rowsays', { n: r.n, kind: r.label, why: r.why || t('sheet.plain') })}>
                    <span className="sheet-mark" aria-hidden>
                      {markOf(r.is)}
                    </span>
                    {r.n}
                  </button>
                </th>
                <td className="sheet-kind" title={whyOf(r)}>
                  <select
                    aria-label={t('sheet.kindof', { n: r.n })}
                    disabled={disabled || r.is === 'blank'}
                    value="now"
                    onFocus={() => setAt(r)}
                    onChange={(e) => onChange({ row: r.n, to: e.target.value as RowChange['to'] })}
                  >
                    <option value="now">{said.has(r.n) ? t('sheet.said', { kind: r.label }) : r.label}</option>
                    {settable(r.is) && kinds.filter((k) => k !== r.is).map((k) => (
                      <option key={k} value={k}>
                        {t('sheet.make', { kind: t(words[k]) })}
                      </option>
                    ))}
                    {said.has(r.n) && <option value="auto">{t('sheet.auto')}</option>}
                    {top && <option value="headerBegins">{t('sheet.headerbegins')}</option>}
                    {top && <option value="headerEnds">{t('sheet.headerends')}</option>}
                  </select>
                  {r.confidence < 75 && (
                    <span className="sheet-doubt" title={t('sheet.doubt', { n: r.confidence })}>
                      {t('sheet.check')}
                    </span>
                  )}
                </td>
                {Array.from({ length: width }, (_, k) => {
                  const m = mergeAt(view, r.n, k)
                  return (
                    <td key={k} className={m ? `merged-${m}` : undefined} title={m ? t('sheet.merged') : undefined}>
                      {r.cells[k] ?? ''}
                    </td>
                  )
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="sheet-why" aria-live="polite">
        {at ? (
          <>
            <strong>{t('sheet.rowkind', { n: at.n, kind: at.label })}</strong>
            {whyOf(at)}
            {at.confidence < 100 && <span className="muted">{t('sheet.sure', { n: at.confidence })}</span>}
          </>
        ) : (
          t('sheet.hint')
        )}
      </p>
    </>
  )
}

const whyOf = (r: ViewRow): string => r.why || t('sheet.plain')

export function Legend() {
  const list: [string, Key][] = [['header', 'sheet.header'], ['banner', 'sheet.banner'], ['section', 'sheet.section'], ['note', 'sheet.note'], ['total', 'sheet.total'], ['data', 'sheet.data'], ['blank', 'sheet.blank'], ['flaw', 'sheet.flaw']]
  return (
    <ul className="sheet-legend" aria-label={t('sheet.legend')}>
      {list.map(([is, key]) => (
        <li key={is} className={`is-${is}`}>
          <span className="sheet-mark" aria-hidden>
            {markOf(is)}
          </span>
          {t(key)}
        </li>
      ))}
    </ul>
  )
}
