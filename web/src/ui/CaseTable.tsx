import type { ReactNode } from 'react'
import type { CaseRow } from '../api/types'
import { t } from '../i18n'
import { date, refName } from '../lib/format'
import { DueMark } from './atoms'
import { DataTable, RowLink } from './DataTable'

/** Cases as rows: what it is, how it stands, how long it may take, who has it. */
export function CaseTable({ caption, rows, busy, empty, brief }: { caption: string; rows: readonly CaseRow[]; busy?: boolean; empty?: ReactNode; brief?: boolean }) {
  return (
    <DataTable
      caption={caption}
      rows={rows}
      busy={busy}
      empty={empty}
      rowKey={(r) => r.no}
      rowClass={(r) => (r.due?.level === 'overdue' ? 'is-overdue' : undefined)}
      columns={[
        {
          key: 'title',
          label: t('cases.title'),
          primary: true,
          width: 220,
          render: (r) => (
            <>
              <RowLink to="/cases/$no" params={{ no: r.no }}>
                {r.title}
              </RowLink>
              <span className="row-sub">
                <code>{r.no}</code>
                {r.backfill && <span className="tag tag-warn">{t('backfill')}</span>}
                {r.urged > 0 && <span className="tag tag-warn">{t('cases.urged', { n: r.urged })}</span>}
              </span>
            </>
          ),
        },
        ...(brief ? [] : [{ key: 'procedure', label: t('cases.procedure'), minor: true, render: (r: CaseRow) => r.procedureTitle }]),
        { key: 'state', label: t('cases.state'), render: (r) => <span className="state">{r.stateLabel}</span> },
        { key: 'due', label: t('cases.due'), width: 130, render: (r) => <DueMark due={r.due} /> },
        { key: 'owner', label: t('cases.owner'), render: (r) => r.ownerLabel || '—' },
        ...(brief
          ? []
          : [
              {
                key: 'org',
                label: t('cases.org'),
                minor: true,
                render: (r: CaseRow) => (
                  <>
                    {refName(r.org)}
                    {typeof r.tenant === 'object' && r.tenant?.name && <span className="row-sub">{r.tenant.name}</span>}
                  </>
                ),
              },
            ]),
        { key: 'updated', label: t('cases.updated'), render: (r) => <span className="nowrap">{date(r.updated)}</span> },
      ]}
    />
  )
}
