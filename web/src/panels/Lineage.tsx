import { Button } from 'antd'
import { PartitionOutlined, UnorderedListOutlined } from '@ant-design/icons'
import { useMemo, useState } from 'react'
import { t } from '../i18n'
import { EmptyBox, SmartLink } from '../ui/atoms'
import { graphOf, wayOf, type Node } from './lineage'
import type { PanelProps } from './index'
import './governance.css'

const W = 152
const H = 76
const GAP = 28

/** 血缘: from the source files to the products, station by station. The list says the same in words. */
export default function Lineage({ section }: PanelProps) {
  const g = useMemo(() => graphOf(section), [section])
  const [list, setList] = useState(() => typeof matchMedia !== 'undefined' && matchMedia('(max-width: 700px)').matches)
  const [chosen, setChosen] = useState<string>()
  if (!g.nodes.length) return <EmptyBox text={t('empty.rows')} />
  const way = chosen ? wayOf(chosen, g.edges) : undefined
  const x = (n: Node) => n.station * (W + GAP)
  const y = (n: Node) => 34 + n.y * (H + 14)
  const at = new Map(g.nodes.map((n) => [n.id, n]))
  const used = Math.max(...g.nodes.map((n) => n.station)) + 1
  return (
    <div className="lineage">
      <div className="chart-tools no-print">
        <Button size="small" icon={list ? <PartitionOutlined /> : <UnorderedListOutlined />} aria-pressed={list} onClick={() => setList(!list)}>
          {list ? t('data.lineage.graph') : t('data.lineage.list')}
        </Button>
      </div>
      {list ? (
        <ol className="lineage-list">
          {g.stations.map((s, i) => {
            const here = g.nodes.filter((n) => n.station === i)
            return (
              <li key={s}>
                <strong>{s}</strong>
                {here.length ? (
                  <ul>
                    {here.map((n) => (
                      <li key={n.id}>
                        {n.href ? <SmartLink to={n.href}>{n.label}</SmartLink> : n.label}
                        {n.state && <span className="tag">{n.state}</span>}
                        <span className="muted">{n.sub}</span>
                        <From ids={g.edges.filter((e) => e.to === n.id).map((e) => at.get(e.from)!.label)} />
                      </li>
                    ))}
                  </ul>
                ) : (
                  <p className="muted">{t('data.lineage.none')}</p>
                )}
              </li>
            )
          })}
        </ol>
      ) : (
        <div className="lineage-frame" tabIndex={0} role="region" aria-label={section.title}>
          <div className="lineage-plane" style={{ width: g.stations.length * (W + GAP) - GAP, height: 40 + g.depth * (H + 14) }}>
            <svg aria-hidden width="100%" height="100%">
              {g.edges.map((e, i) => {
                const a = at.get(e.from)!
                const b = at.get(e.to)!
                const on = !way || (way.has(e.from) && way.has(e.to))
                const x1 = x(a) + W
                const x2 = x(b)
                const y1 = y(a) + H / 2
                const y2 = y(b) + H / 2
                return <path key={i} d={`M${x1},${y1} C${x1 + GAP / 2},${y1} ${x2 - GAP / 2},${y2} ${x2},${y2}`} fill="none" stroke={on ? '#1351b4' : '#b9c2cc'} strokeWidth={on && way ? 2.5 : 1.5} />
              })}
            </svg>
            {g.stations.map((s, i) => (
              <div key={s} className="lineage-station" style={{ left: i * (W + GAP), width: W }}>
                {s}
              </div>
            ))}
            {g.stations.slice(used).map((s, i) => (
              <p key={s} className="muted lineage-none" style={{ left: (used + i) * (W + GAP), width: W }}>
                {t('data.lineage.none')}
              </p>
            ))}
            {g.nodes.map((n) => (
              <div key={n.id} className={`lineage-node ${way && !way.has(n.id) ? 'off' : ''} ${chosen === n.id ? 'chosen' : ''}`} style={{ left: x(n), top: y(n), width: W, height: H }}>
                <button type="button" aria-pressed={chosen === n.id} title={n.label} onClick={() => setChosen(chosen === n.id ? undefined : n.id)}>
                  <span className="lineage-label">{n.label}</span>
                  <span className="lineage-sub">
                    {n.state && <span className="tag">{n.state}</span>}
                    {n.sub}
                  </span>
                </button>
                {n.href && (
                  <SmartLink to={n.href} className="lineage-open">
                    {t('data.open')}
                  </SmartLink>
                )}
              </div>
            ))}
          </div>
        </div>
      )}
    </div>
  )
}

function From({ ids }: { ids: string[] }) {
  return ids.length ? <span className="muted lineage-from">{t('data.lineage.from', { names: ids.join('、') })}</span> : null
}
