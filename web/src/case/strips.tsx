import type { Chain, ChainStage, Phase } from '../api/types'
import { t } from '../i18n'
import { datetime } from '../lib/format'

/** The life of the case: past, present, still to come. */
export function Phases({ phases }: { phases: readonly Phase[] }) {
  if (!phases.length) return null
  return (
    <ol className="phases" tabIndex={0} aria-label={t('phases')}>
      {phases.map((p) => (
        <li key={p.id} className={`phase ${p.status}`} aria-current={p.status === 'current' ? 'step' : undefined}>
          <span className="phase-label">
            {p.label}
            <span className="sr">{t(`phase.${p.status}`)}</span>
          </span>
          <span className="phase-sub">{[p.by, p.at && datetime(p.at)].filter(Boolean).join(' ')}</span>
        </li>
      ))}
    </ol>
  )
}

const stageDone = (s: ChainStage): boolean => !!(s.by || s.at)

/** 拟办 → 审核 → 会签 → 签发 inside one organisation, before the act exists. */
export function ChainStrip({ chain, org }: { chain: Chain; org: string }) {
  const at = chain.stages.findIndex((s) => s.stage === chain.stage && !stageDone(s))
  return (
    <section className="card chain" aria-label={t('chain')}>
      <header className="card-head">
        <h2>{t('chain.title', { org, step: chain.label })}</h2>
        {chain.docNo && <span>{t('chain.docno', { no: chain.docNo })}</span>}
      </header>
      <ol className="chain-stages">
        {chain.stages.map((s, i) => (
          <li key={i} className={stageDone(s) ? 'done' : i === at ? 'current' : 'future'} aria-current={i === at ? 'step' : undefined}>
            <strong>{s.label}</strong>
            <span>{s.name || s.by || s.person || t('chain.nobody')}</span>
            <span className="muted">{stageDone(s) ? datetime(s.at) : i === at ? t('phase.current') : t('phase.future')}</span>
            {s.opinion && <q>{s.opinion}</q>}
          </li>
        ))}
      </ol>
    </section>
  )
}
