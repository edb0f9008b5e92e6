import { Button } from 'antd'
import { BarChartOutlined, TableOutlined } from '@ant-design/icons'
import { useEffect, useRef, useState } from 'react'
import type { Section } from '../api/types'
import { t } from '../i18n'
import { cellText } from '../lib/format'
import { ErrorBox } from '../ui/atoms'
import { SectionTable } from './SectionTable'
import { cellsOf } from './rows'

/** The first column names the points, every numeric one after it is a series. */
export function chartOf(section: Pick<Section, 'columns' | 'rows'>) {
  const columns = section.columns ?? []
  const name = columns.find((c) => c.primary) ?? columns[0]
  const rows = (section.rows ?? []).map(cellsOf)
  const numbers = columns.filter((c) => c !== name && (c.kind === 'int' || c.kind === 'money' || c.kind === 'percent'))
  return {
    labels: rows.map((r) => cellText(name ? r[name.key] : '')),
    // drawn only, never computed with: the table beside it has the exact figures
    series: numbers.map((c) => ({
      name: c.label,
      unit: c.kind === 'money' ? t('unit.yuan') : c.kind === 'percent' ? '%' : '',
      values: rows.map((r) => {
        const s = cellText(r[c.key])
        const n = Number(s)
        return s !== '' && Number.isFinite(n) ? (c.kind === 'percent' ? n / 100 : n) : null
      }),
    })),
  }
}

/** A table drawn as a chart, with the table one press away for whoever cannot or will not read a picture. */
export function Chart({ section }: { section: Section }) {
  const [table, setTable] = useState(false)
  const [error, setError] = useState<unknown>()
  const box = useRef<HTMLDivElement>(null)
  const { labels, series } = chartOf(section)
  const kind = section.chart ?? 'bar'
  const key = JSON.stringify([kind, labels, series])

  useEffect(() => {
    if (table || !box.current) return
    let dispose: (() => void) | undefined
    let gone = false
    import('./draw').then(
      ({ draw }) => {
        if (!gone && box.current) dispose = draw(box.current, kind, labels, series)
      },
      (e) => setError(e),
    )
    return () => {
      gone = true
      dispose?.()
    }
    // the key stands for labels and series
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [table, key])

  return (
    <div className="chart">
      <div className="chart-tools no-print">
        <Button size="small" icon={table ? <BarChartOutlined /> : <TableOutlined />} aria-pressed={table} onClick={() => setTable(!table)}>
          {table ? t('chart.picture') : t('chart.table')}
        </Button>
      </div>
      {error !== undefined && <ErrorBox error={error} />}
      {table ? <SectionTable section={section} /> : <div ref={box} className="chart-box" role="img" aria-label={t('chart.label', { title: section.title, n: labels.length })} />}
      {!table && (
        <div className="print-only">
          <SectionTable section={section} />
        </div>
      )}
    </div>
  )
}
