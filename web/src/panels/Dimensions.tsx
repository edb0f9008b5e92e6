import { t } from '../i18n'
import { cellText, integer, percent } from '../lib/format'
import { EmptyBox } from '../ui/atoms'
import { Meter } from './Meter'
import type { PanelProps } from './index'
import './governance.css'

type Rule = { label: string; column?: string; step?: string; passed: number; total: number; rate: number | '' }

/** 六个维度: a bar each, its rules with numerator and denominator underneath. */
export default function Dimensions({ section }: PanelProps) {
  const rows = (section.rows ?? []) as Record<string, unknown>[]
  if (!rows.length) return <EmptyBox text={t('empty.rows')} />
  return (
    <div className="dimensions">
      {rows.map((d, i) => {
        const rules = (d.rules as Rule[] | undefined) ?? []
        const judged = d.rate !== '' && d.rate !== undefined && d.rate !== null
        return (
          <details key={i} className="dimension">
            <summary>
              <span className="dimension-name">{cellText(d.dimension as string)}</span>
              {judged ? <Meter value={Number(d.rate)} of={10_000} tone={Number(d.rate) >= 9_500 ? 'ok' : Number(d.rate) >= 8_000 ? 'warn' : 'bad'} /> : <span className="meter none" aria-hidden />}
              <span className="dimension-rate">{judged ? `${percent(d.rate)}%` : t('data.unjudged')}</span>
              <span className="muted dimension-count">{judged ? t('data.passed', { passed: integer(d.passed), total: integer(d.total) }) : t('data.norules')}</span>
            </summary>
            {rules.length > 0 && (
              <div className="table-frame as-cards" tabIndex={0} role="region" aria-label={t('data.rules.of', { name: cellText(d.dimension as string) })}>
                <table className="data">
                  <thead>
                    <tr>
                      {[t('data.rule'), t('data.column'), t('data.step'), t('data.failed'), t('data.checked'), t('data.rate')].map((h, k) => (
                        <th key={h} scope="col" className={k > 2 ? 'right' : undefined}>
                          {h}
                        </th>
                      ))}
                    </tr>
                  </thead>
                  <tbody>
                    {rules.map((x, k) => (
                      <tr key={k}>
                        <th scope="row" data-label={t('data.rule')}>
                          {x.label}
                        </th>
                        <td data-label={t('data.column')}>{x.column ? <code>{x.column}</code> : <span className="muted">—</span>}</td>
                        <td data-label={t('data.step')}>{x.step || <span className="muted">{t('data.whole')}</span>}</td>
                        <td data-label={t('data.failed')} className="right">
                          {integer(x.total - x.passed)}
                        </td>
                        <td data-label={t('data.checked')} className="right">
                          {integer(x.total)}
                        </td>
                        <td data-label={t('data.rate')} className="right">
                          {x.rate === '' ? t('data.unjudged') : `${percent(x.rate)}%`}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </details>
        )
      })}
    </div>
  )
}
