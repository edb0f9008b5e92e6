import { CellView, Clause } from '../ui/atoms'
import type { PanelProps } from './index'
import { SectionTable } from '../sections/SectionTable'
import { t } from '../i18n'

/** 计算过程: each line of a computed figure with its basis; the last one is the figure. */
export default function Calculation({ section }: PanelProps) {
  const items = section.items ?? []
  return (
    <div className="calculation">
      <ol>
        {items.map((x, i) => (
          <li key={i} className={i === items.length - 1 ? 'result' : undefined}>
            <span className="calc-label">
              {x.label}
              <Clause of={x.clause} />
            </span>
            <span className="figure">
              <CellView cell={x.value} column={{ kind: 'text' }} />
            </span>
          </li>
        ))}
      </ol>
      {!!section.rows?.length && (
        <details>
          <summary>{t('calc.inputs', { n: section.rows.length })}</summary>
          <SectionTable section={section} />
        </details>
      )}
    </div>
  )
}
