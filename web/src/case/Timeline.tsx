import { useProcedure } from '../api/hooks'
import type { Case, Event } from '../api/types'
import { FieldsView } from '../form/FieldView'
import { AttachmentList } from '../form/files'
import { t } from '../i18n'
import { unitWord } from '../lib/due'
import { datetime } from '../lib/format'
import { Changes } from '../sections/SectionView'
import { Clause, DueMark } from '../ui/atoms'

/** Who did what when, oldest first, and whose move it is now. Entries are never edited. */
export function Timeline({ c }: { c: Case }) {
  const owner = useProcedure(c.procedure.id).data?.states.find((s) => s.id === c.state.id)?.ownerLabel
  return (
    <ol className="timeline">
      {c.history.map((e) => (
        <Entry key={e.n} e={e} />
      ))}
      {!c.state.terminal && (
        <li className="now">
          <div className="tl-head">
            <strong>{t('timeline.now', { state: c.state.label })}</strong>
            {owner && <span>{t('timeline.by', { who: owner })}</span>}
          </div>
          <DueMark due={c.due} detail />
        </li>
      )}
    </ol>
  )
}

function Entry({ e }: { e: Event }) {
  const days = typeof e.elapsed === 'number' ? e.elapsed : e.elapsed?.days
  const unit = typeof e.elapsed === 'object' ? e.elapsed.unit : 'working_day'
  return (
    <li className={e.result === 'refused' ? 'refused' : undefined}>
      <div className="tl-head">
        <time dateTime={e.at}>{datetime(e.at)}</time>
        <strong>{e.label}</strong>
        <span>
          {e.actor.name}
          {e.actor.org && `（${[e.actor.org, e.actor.role].filter(Boolean).join(' ')}）`}
          {e.onBehalf && t('timeline.behalf', { who: e.onBehalf })}
        </span>
        {e.toLabel && e.from !== e.to && <span className="tl-to">→ {e.toLabel}</span>}
        {days !== undefined && days >= 0 && e.n > 1 && <span className="muted">{days === 0 ? t('timeline.sameday') : t('timeline.took', { n: days, unit: unitWord(unit) })}</span>}
      </div>
      {e.opinion && <blockquote>{e.opinion}</blockquote>}
      {e.fields && e.input && <FieldsView fields={e.fields.filter((f) => f.name in e.input!)} form={e.input} />}
      {!!e.changed?.length && (
        <details>
          <summary>{t('timeline.changed', { n: e.changed.length })}</summary>
          <Changes rows={e.changed} />
        </details>
      )}
      {!!e.attachments?.length && <AttachmentList items={e.attachments} />}
      <div className="tl-foot">
        <Clause of={e.clause} />
        {e.docNo && <span>{t('chain.docno', { no: e.docNo })}</span>}
        {e.seq > 0 && <span className="muted">{t('timeline.seq', { n: e.seq })}</span>}
      </div>
    </li>
  )
}
