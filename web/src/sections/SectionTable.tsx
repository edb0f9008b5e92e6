import type { Row, Section } from '../api/types'
import { t } from '../i18n'
import { CellView, EmptyBox, rightAligned } from '../ui/atoms'
import { DataTable } from '../ui/DataTable'
import { cellsOf } from './rows'

export function SectionTable({ section }: { section: Pick<Section, 'title' | 'columns' | 'rows'> }) {
  const columns = section.columns ?? []
  return (
    <DataTable<Row | Record<string, unknown>>
      caption={section.title}
      rows={section.rows ?? []}
      rowKey={(_, i) => String(i)}
      empty={<EmptyBox text={t('empty.rows')} />}
      columns={columns.map((c) => ({
        key: c.key,
        label: c.label,
        right: rightAligned(c),
        width: c.width,
        primary: c.primary,
        render: (r) => <CellView cell={cellsOf(r)[c.key]} column={c} />,
      }))}
    />
  )
}
