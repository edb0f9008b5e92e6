import { Button } from 'antd'
import { PrinterOutlined } from '@ant-design/icons'
import { Link } from '@tanstack/react-router'
import { useMe, useProcedure, useProcedures } from '../api/hooks'
import type { ProcedureDetail } from '../api/types'
import { t } from '../i18n'
import { unitWord } from '../lib/due'
import { usePageTitle } from '../lib/page'
import { Clause, ErrorBox, Loading, PageHead } from '../ui/atoms'
import { DataTable } from '../ui/DataTable'
import { PrintHead } from '../ui/PrintHead'

/** Rows are states, columns are roles, a cell holds what that role may do there. */
export function matrix(p: Pick<ProcedureDetail, 'states' | 'steps'>) {
  const roles: { id: string; label: string }[] = []
  for (const s of p.steps) if (!roles.some((r) => r.id === s.by)) roles.push({ id: s.by, label: s.byLabel || s.by })
  return {
    roles,
    rows: p.states.map((state) => ({
      state,
      cells: roles.map((r) => p.steps.filter((s) => s.by === r.id && s.from.includes(state.id))),
    })),
  }
}

export default function HelpProcedurePage({ id }: { id: string }) {
  const q = useProcedure(id)
  const all = useProcedures()
  const me = useMe().data!
  usePageTitle(q.data?.title ?? t('help'), me.city.platform)
  const crumbs = [{ label: t('help'), to: '/help' }, { label: q.data?.title ?? id }]
  if (q.isPending) return <Loading rows={8} />
  if (!q.data) {
    return (
      <>
        <PageHead crumbs={crumbs} title={id} />
        <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
      </>
    )
  }
  const p = q.data
  const m = matrix(p)
  const label = (state: string) => p.states.find((s) => s.id === state)?.label ?? state
  const startable = all.data?.find((x) => x.id === id)?.startable
  return (
    <>
      <PrintHead title={p.title} />
      <PageHead
        crumbs={crumbs}
        title={p.title}
        sub={
          <>
            <Clause of={p.clause} /> {p.kind === 'filing' && <span className="tag">{t('filing')}</span>}
          </>
        }
        extra={
          <>
            <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
              {t('print')}
            </Button>
            {startable && (
              <Link to="/new/$procedure" params={{ procedure: id }} className="btn-link primary">
                {t('help.start')}
              </Link>
            )}
          </>
        }
      />
      {p.kind === 'filing' && <p className="section-note">{t('help.filing')}</p>}
      <section className="card" aria-label={t('help.matrix')}>
        <h2>{t('help.matrix')}</h2>
        <p className="muted">{t('help.matrix.text')}</p>
        <div className="table-frame" tabIndex={0} role="region" aria-label={t('help.matrix')}>
          <table className="data matrix">
            <thead>
              <tr>
                <th scope="col">{t('cases.state')}</th>
                {m.roles.map((r) => (
                  <th key={r.id} scope="col">
                    {r.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {m.rows.map(({ state, cells }) => (
                <tr key={state.id}>
                  <th scope="row">
                    {state.label}
                    {state.terminal && <span className="row-sub">{t('help.terminal')}</span>}
                  </th>
                  {cells.map((steps, i) => (
                    <td key={i}>
                      {steps.length ? (
                        <ul className="matrix-steps">
                          {steps.map((s) => (
                            <li key={s.action}>
                              <strong>{s.label}</strong>
                              <span className="muted"> → {label(s.to)}</span>
                            </li>
                          ))}
                        </ul>
                      ) : (
                        <span className="muted" aria-label={t('help.nothing')}>
                          ·
                        </span>
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <section className="card" aria-label={t('help.states')}>
        <h2>{t('help.states')}</h2>
        <DataTable
          caption={t('help.states')}
          rows={p.states}
          rowKey={(s) => s.id}
          columns={[
            { key: 'label', label: t('cases.state'), primary: true, render: (s) => s.label },
            { key: 'owner', label: t('help.owner'), render: (s) => (s.terminal ? t('help.terminal') : s.ownerLabel || '—') },
            {
              key: 'within',
              label: t('cases.due'),
              render: (s) => (s.within ? (s.within.value ?? s.within.days ? t('help.within', { n: s.within.value ?? s.within.days ?? '', unit: unitWord(s.within.unit) }) : t('due.unresolved')) : '—'),
            },
            { key: 'source', label: t('help.source'), render: (s) => s.within?.source ?? '—' },
          ]}
        />
      </section>
      <section className="card" aria-label={t('help.steps')}>
        <h2>{t('help.steps')}</h2>
        <DataTable
          caption={t('help.steps')}
          rows={p.steps}
          rowKey={(s, i) => `${s.action}-${i}`}
          columns={[
            { key: 'label', label: t('help.step'), primary: true, render: (s) => s.label },
            { key: 'by', label: t('help.by'), render: (s) => s.byLabel || s.by },
            { key: 'from', label: t('help.from'), render: (s) => s.from.map(label).join('、') },
            { key: 'to', label: t('help.to'), render: (s) => label(s.to) },
            {
              key: 'rules',
              label: t('help.rules'),
              render: (s) =>
                s.rules?.length ? (
                  <ul>
                    {s.rules.map((r, i) => (
                      <li key={i}>{r}</li>
                    ))}
                  </ul>
                ) : (
                  '—'
                ),
            },
            { key: 'clause', label: t('help.clause'), render: (s) => <Clause of={s.clause} /> },
          ]}
        />
      </section>
      {p.fields.length > 0 && (
        <section className="card" aria-label={t('help.fields')}>
          <h2>{t('help.fields')}</h2>
          <DataTable
            caption={t('help.fields')}
            rows={p.fields}
            rowKey={(f) => f.name}
            columns={[
              { key: 'label', label: t('help.field'), primary: true, render: (f) => f.label },
              { key: 'must', label: t('form.must'), render: (f) => (f.required ? t('yes') : t('no')) },
              { key: 'help', label: t('help.field.help'), render: (f) => f.help ?? '—' },
              { key: 'clause', label: t('help.clause'), render: (f) => <Clause of={f.clause} /> },
            ]}
          />
        </section>
      )}
    </>
  )
}
