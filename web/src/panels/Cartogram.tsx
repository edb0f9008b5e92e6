import { t } from '../i18n'
import { cellText, integer } from '../lib/format'
import { cellsOf } from '../sections/rows'
import { SectionTable } from '../sections/SectionTable'
import type { PanelProps } from './index'

/** One hexagon a unit, laid in two rows: a diagram, not a map, so that no border is claimed. */
export default function Cartogram({ section }: PanelProps) {
  const columns = section.columns ?? []
  const name = columns.find((c) => c.primary) ?? columns[0]
  const value = columns.find((c) => c !== name && (c.kind === 'int' || c.kind === 'money'))
  const rows = (section.rows ?? []).map(cellsOf)
  const numbers = rows.map((r) => Number(value ? cellText(r[value.key]) : 0) || 0)
  const most = Math.max(1, ...numbers)
  const half = Math.ceil(rows.length / 2)
  const r = 46
  const w = Math.sqrt(3) * r
  const points = (cx: number, cy: number) => Array.from({ length: 6 }, (_, k) => `${(cx + r * Math.sin((k * Math.PI) / 3)).toFixed(1)},${(cy - r * Math.cos((k * Math.PI) / 3)).toFixed(1)}`).join(' ')
  return (
    <figure className="cartogram">
      <svg viewBox={`0 0 ${w * (half + 0.5) + 8} ${rows.length > half ? 3.5 * r + 8 : 2 * r + 8}`} role="img" aria-label={`${section.title}：${rows.map((x, i) => `${name ? cellText(x[name.key]) : ''} ${numbers[i]}`).join('，')}`}>
        {rows.map((row, i) => {
          const second = i >= half
          const cx = 4 + w / 2 + (second ? i - half + 0.5 : i) * w
          const cy = 4 + r + (second ? 1.5 * r : 0)
          const share = numbers[i]! / most
          return (
            <g key={i}>
              <polygon points={points(cx, cy)} fill="#1351b4" fillOpacity={0.08 + 0.82 * share} stroke="#fff" strokeWidth="3" />
              <text x={cx} y={cy - 2} textAnchor="middle" fontSize="14" fill={share > 0.45 ? '#fff' : '#1c2733'}>
                {name ? cellText(row[name.key]) : ''}
              </text>
              <text x={cx} y={cy + 18} textAnchor="middle" fontSize="14" fontWeight="600" fill={share > 0.45 ? '#fff' : '#1c2733'}>
                {integer(numbers[i])}
              </text>
            </g>
          )
        })}
      </svg>
      <figcaption>{t('cartogram.caption')}</figcaption>
      <details>
        <summary>{t('chart.table')}</summary>
        <SectionTable section={section} />
      </details>
    </figure>
  )
}
