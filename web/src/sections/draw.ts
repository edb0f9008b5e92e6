import { BarChart, LineChart, PieChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

use([BarChart, LineChart, PieChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer])

export type Series = { name: string; unit: string; values: (number | null)[] }
const palette = ['#1351b4', '#c46a00', '#1a6b38', '#7a3e9d', '#5b6570', '#b3261e']

/** Draws into an element and follows its width; the answer takes it away again. */
export function draw(el: HTMLElement, kind: 'bar' | 'line' | 'pie', labels: string[], series: Series[]): () => void {
  const chart = init(el, undefined, { renderer: 'svg' })
  const size = parseFloat(getComputedStyle(el).fontSize) - 1
  const textStyle = { fontFamily: getComputedStyle(el).fontFamily, fontSize: size, color: '#1c2733' }
  const long = labels.length > 6 || labels.some((l) => l.length > 6)
  chart.setOption({
    animation: false,
    color: palette,
    textStyle,
    legend: series.length > 1 || kind === 'pie' ? { bottom: 0, textStyle } : undefined,
    tooltip: { trigger: kind === 'pie' ? 'item' : 'axis', confine: true, renderMode: 'richText' },
    ...(kind === 'pie'
      ? { series: [{ type: 'pie', radius: ['42%', '68%'], center: ['50%', '46%'], label: { ...textStyle, formatter: '{b} {d}%' }, data: labels.map((name, i) => ({ name, value: series[0]?.values[i] ?? 0 })) }] }
      : {
          grid: { left: 8, right: 24, top: 28, bottom: series.length > 1 ? 34 : 8, containLabel: true },
          [long && kind === 'bar' ? 'yAxis' : 'xAxis']: { type: 'category', data: labels, inverse: long && kind === 'bar', axisLabel: { ...textStyle, width: 130, overflow: 'truncate' }, axisTick: { show: false } },
          [long && kind === 'bar' ? 'xAxis' : 'yAxis']: { type: 'value', name: series.length === 1 ? series[0]?.unit : '', axisLabel: textStyle, splitLine: { lineStyle: { color: '#dde3ea' } } },
          series: series.map((s, i) => ({ type: kind, name: s.name, data: s.values, barMaxWidth: 26, symbol: ['circle', 'rect', 'triangle', 'diamond'][i % 4], symbolSize: 7 })),
        }),
  })
  const watch = new ResizeObserver(() => chart.resize())
  watch.observe(el)
  return () => {
    watch.disconnect()
    chart.dispose()
  }
}
