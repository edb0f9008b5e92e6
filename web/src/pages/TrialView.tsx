import type { Trial } from '../api/reading'
import { t } from '../i18n'
import { integer } from '../lib/format'
import { StepList } from '../panels/StepCounts'
import { Watermark } from '../ui/Watermark'

/** What a trial run made of the sample: counts for everybody, the rows set aside as they stand for the source alone. */
export function TrialView({ trial, watermark }: { trial: Trial; watermark: string }) {
  const aside = trial.aside
  return (
    <>
      <p className="section-note">{t('trial.sum', { rows: integer(trial.rows), quarantined: integer(trial.quarantined), blank: integer(trial.blank), header: integer(trial.header) })}</p>
      <StepList title={t('trial.steps')} steps={(trial.steps ?? []).map((s) => ({ name: s.name, kind: s.kind, in: s.rows_in, changed: s.changed, quarantined: s.quarantined, out: s.rows_out, reasons: s.reasons }))} />
      {aside.length > 0 && (
        <details className="version-diff">
          <summary>{t('trial.aside', { n: aside.length })}</summary>
          <p className="muted">{trial.cells ? t('trial.cells') : t('trial.nocells')}</p>
          <Watermark text={watermark}>
            <div className="table-frame" tabIndex={0} role="region" aria-label={t('trial.aside', { n: aside.length })}>
              <table className="data">
                <thead>
                  <tr>
                    {[t('sheet.row'), t('data.step'), t('trial.why'), t('data.column'), ...(trial.cells ? [t('trial.row')] : [])].map((h) => (
                      <th key={h} scope="col">
                        {h}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {aside.map((a, i) => (
                    <tr key={i}>
                      <th scope="row">{a.record}</th>
                      <td>{a.step}</td>
                      <td>{a.label}</td>
                      <td>{a.column ? <code>{a.column}</code> : '—'}</td>
                      {trial.cells && <td className="aside-cells">{(a.cells ?? []).join(' ｜ ')}</td>}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </Watermark>
        </details>
      )}
    </>
  )
}
