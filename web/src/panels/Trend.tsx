import { Chart } from '../sections/Chart'
import type { PanelProps } from './index'

/** 质量变化: a table of versions as lines, the table one press away. */
export default function Trend({ section }: PanelProps) {
  return <Chart section={{ ...section, chart: 'line' }} />
}
