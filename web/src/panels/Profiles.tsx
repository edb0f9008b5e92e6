import { t } from '../i18n'
import { integer } from '../lib/format'
import { EmptyBox } from '../ui/atoms'
import { Meter } from './Meter'
import type { PanelProps } from './index'
import './governance.css'

type Bar = { label: string; count: number }
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
  histogram?: Bar[] | null
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
            <span className="tag">{c.type}</span>
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
          {!!c.histogram?.length && <Histogram bars={c.histogram} name={c.title || c.name} />}
        </article>
      ))}
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
