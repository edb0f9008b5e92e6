import { Component, Suspense, type ReactNode } from 'react'
import type { Case, Field, Form, Section } from '../api/types'
import { FieldsView, plain } from '../form/FieldView'
import { t } from '../i18n'
import { panels } from '../panels'
import { CellView, Clause, EmptyBox, ErrorBox, Loading } from '../ui/atoms'
import { Chart } from './Chart'
import { DocumentLinks, documentPath, DocumentPreview } from './DocumentView'
import { cellsOf } from './rows'
import { SectionTable } from './SectionTable'

/** A part that fails must not take the page with it. */
class Guard extends Component<{ children: ReactNode }, { error?: unknown }> {
  state: { error?: unknown } = {}
  static getDerivedStateFromError(error: unknown) {
    return { error }
  }
  render() {
    return this.state.error === undefined ? this.props.children : <ErrorBox error={this.state.error} retry={() => this.setState({ error: undefined })} />
  }
}

export type SectionContext = { fields?: readonly Field[]; form?: Form; caseNo?: string; documents?: Case['documents'] }

/** One declared section. A kind this build does not know is said so, and the rest of the page stands. */
export function SectionView({ section, context, children }: { section: Section; context: SectionContext; children?: ReactNode }) {
  return (
    <section className={`card section-${section.kind}`} aria-label={section.title}>
      <header className="card-head">
        <h2>{section.title}</h2>
        <Clause of={section.clause} />
      </header>
      {section.note && <p className="section-note">{section.note}</p>}
      <Guard>{children ?? <SectionBody section={section} context={context} />}</Guard>
    </section>
  )
}

function SectionBody({ section, context }: { section: Section; context: SectionContext }) {
  switch (section.kind) {
    case 'fields': {
      const wanted = section.fields
      const fields = (context.fields ?? []).filter((f) => !wanted || wanted.includes(f.name))
      return fields.length ? <FieldsView fields={fields} form={context.form ?? {}} /> : <EmptyBox text={t('empty.rows')} />
    }
    case 'table':
      return <SectionTable section={section} />
    case 'difference':
      return <Difference section={section} />
    case 'keyvalues':
      return (
        <dl className="pairs">
          {(section.items ?? []).map((x, i) => (
            <div key={i} className="pair">
              <dt>
                {x.label}
                <Clause of={x.clause} brief />
              </dt>
              <dd>
                <CellView cell={x.value} column={{ kind: 'text' }} />
              </dd>
            </div>
          ))}
        </dl>
      )
    case 'chart':
      return <Chart section={section} />
    case 'document': {
      const docs = context.documents ?? []
      const doc = docs.find((d) => d.kind === section.document || d.title === section.title) ?? docs[0]
      if (!doc || !context.caseNo) return section.items || section.rows ? <SectionBody section={{ ...section, kind: section.rows ? 'table' : 'keyvalues' }} context={context} /> : <EmptyBox text={t('document.none')} />
      return (
        <>
          <p className="no-print">
            <DocumentLinks no={context.caseNo} doc={doc} />
          </p>
          {doc.formats.includes('html') && <DocumentPreview path={documentPath(context.caseNo, doc.kind, 'html')} title={doc.title} />}
        </>
      )
    }
    case 'panel': {
      const Panel = section.panel ? panels[section.panel] : undefined
      if (!Panel) return <Newer name={section.panel} />
      return (
        <Suspense fallback={<Loading rows={3} />}>
          <Panel section={section} caseNo={context.caseNo} form={context.form} />
        </Suspense>
      )
    }
    default:
      return <Newer name={section.kind} />
  }
}

export function Newer({ name }: { name?: string }) {
  return (
    <p className="newer">
      {t('section.newer')}
      {name && <code>{name}</code>}
    </p>
  )
}

/** What changed, field by field: before struck, after marked, both named in words. */
function Difference({ section }: { section: Section }) {
  const rows = (section.rows ?? []).map((r) => cellsOf(r) as Record<string, unknown>)
  if (!rows.length) return <EmptyBox text={t('difference.none')} />
  return <Changes rows={rows.map((r) => ({ label: plain(r.label ?? r.field), before: r.before, after: r.after }))} />
}

export function Changes({ rows }: { rows: { label: string; before: unknown; after: unknown }[] }) {
  return (
    <div className="table-frame as-cards">
      <table className="data changes">
        <thead>
          <tr>
            <th scope="col">{t('difference.field')}</th>
            <th scope="col">{t('difference.before')}</th>
            <th scope="col">{t('difference.after')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((r, i) => (
            <tr key={i}>
              <th scope="row" data-label={t('difference.field')}>
                {r.label}
              </th>
              <td data-label={t('difference.before')}>
                <del>{plain(r.before)}</del>
              </td>
              <td data-label={t('difference.after')}>
                <ins>{plain(r.after)}</ins>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
