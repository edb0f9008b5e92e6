import { useState } from 'react'
import { t } from '../i18n'
import { integer } from '../lib/format'
import { typeWord } from '../lib/sheet'
import { EmptyBox } from '../ui/atoms'
import { Meter } from './Meter'
import type { PanelProps } from './index'
import './governance.css'

type Bar = { label: string; count: number }
type Bin = { from?: string; to?: string; rows: number }
export type Profile = {
  name: string
  title?: string
  type: string
  label: string
  usage?: string
  rows: number
  nulls: number
  distinct_estimate?: number
  min?: string
  max?: string
  mean?: string
  bins?: Bin[] | null
  top?: { value: string; rows: number }[] | null
  other_rows?: number
  others?: number
  withheld?: string
}

/** Share of a whole to one decimal, cut off so that only the whole reads 100. */
export function share(part: number, whole: number): string {
  if (whole <= 0) return '—'
  const permille = Math.floor((part * 1000) / whole)
  return `${Math.floor(permille / 10)}.${permille % 10}%`
}

/** 字段画像: how full each column is, how many different values, and what may be said of their range. */
export default function Profiles({ section }: PanelProps) {
  const rows = (section.rows ?? []) as unknown as Profile[]
  if (!rows.length) return <EmptyBox text={t('empty.rows')} />
  return (
    <div className="profiles">
      {rows.map((c) => (
        <article key={c.name} className="profile" aria-label={c.title || c.name}>
          <header>
            <strong>{c.title || c.name}</strong> <code>{c.name}</code>
            <span className="tag">{typeWord(c.type)}</span>
            {c.usage && <span className="tag">{c.usage}</span>}
          </header>
          <dl>
            <div>
              <dt>{t('data.filled')}</dt>
              <dd>
                <Meter value={c.rows - c.nulls} of={c.rows} tone={c.nulls === 0 ? 'ok' : c.nulls * 10 <= c.rows ? 'warn' : 'bad'} />
                <span>
                  {share(c.rows - c.nulls, c.rows)}
                  {c.nulls > 0 && <span className="muted"> {t('data.nulls', { n: integer(c.nulls) })}</span>}
                </span>
              </dd>
            </div>
            <div>
              <dt>{t('data.distinct')}</dt>
              <dd>
                <Meter value={c.distinct_estimate ?? 0} of={c.rows} />
                <span>{t('data.about', { n: integer(c.distinct_estimate ?? 0) })}</span>
              </dd>
            </div>
            {(c.min || c.max) && (
              <div>
                <dt>{t('data.range')}</dt>
                <dd>
                  <span>{t('data.fromto', { min: c.min ?? '—', max: c.max ?? '—' })}</span>
                </dd>
              </div>
            )}
            {c.mean && (
              <div>
                <dt>{t('data.mean')}</dt>
                <dd>{c.mean}</dd>
              </div>
            )}
          </dl>
          {!!c.bins?.length && <Histogram bars={c.bins.map((b) => ({ label: rangeOf(b), count: b.rows }))} name={c.title || c.name} />}
          {!!c.top?.length && <Top c={c} />}
          {c.withheld && <p className="muted profile-withheld">{c.withheld}</p>}
        </article>
      ))}
    </div>
  )
}

const rangeOf = (b: Bin): string => (b.from === undefined ? t('data.below', { to: b.to ?? '' }) : b.to === undefined ? t('data.above', { from: b.from }) : t('data.between', { from: b.from, to: b.to }))

/** The commonest values as bars, the rest in one line. */
function Top({ c }: { c: Profile }) {
  const [all, setAll] = useState(false)
  const top = c.top ?? []
  const most = Math.max(1, ...top.map((x) => x.rows), c.other_rows ?? 0)
  const rest = c.other_rows ?? 0
  return (
    <div className="profile-top">
      <table aria-label={t('data.top', { name: c.title || c.name })}>
        <tbody>
          {(all ? top : top.slice(0, 6)).map((x) => (
            <tr key={x.value}>
              <th scope="row" title={x.value}>
                {x.value}
              </th>
              <td>
                <Meter value={x.rows} of={most} />
              </td>
              <td className="right">{integer(x.rows)}</td>
            </tr>
          ))}
          {rest > 0 && (
            <tr>
              <th scope="row">{t('data.others', { n: integer(c.others ?? 0) })}</th>
              <td>
                <Meter value={rest} of={most} />
              </td>
              <td className="right">{integer(rest)}</td>
            </tr>
          )}
        </tbody>
      </table>
      {top.length > 6 && (
        <button type="button" className="link-button no-print" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t('data.less') : t('data.more', { n: top.length })}
        </button>
      )}
    </div>
  )
}

function Histogram({ bars, name }: { bars: Bar[]; name: string }) {
  const most = Math.max(1, ...bars.map((b) => b.count))
  return (
    <div className="histogram" role="img" aria-label={t('data.histogram', { name, text: bars.map((b) => `${b.label} ${b.count}`).join('，') })}>
      {bars.map((b, i) => (
        <span key={i} style={{ height: `${Math.max(2, (b.count / most) * 100)}%` }} title={`${b.label}：${integer(b.count)}`} />
      ))}
    </div>
  )
}
