import type { Section } from '../api/types'

export type Node = { id: string; station: number; label: string; sub: string; state: string; href: string; y: number }
export type Edge = { from: string; to: string }
export type Graph = { stations: string[]; nodes: Node[]; edges: Edge[]; depth: number }

const text = (v: unknown): string => (v === undefined || v === null ? '' : String(v))

/** Nodes by station, each placed as near as may be to the middle of what leads to it. */
export function graphOf(section: Pick<Section, 'columns' | 'rows'>): Graph {
  const stations = (section.columns ?? []).map((c) => c.label)
  const rows = (section.rows ?? []) as Record<string, unknown>[]
  const nodes = new Map<string, Node>()
  for (const r of rows) {
    if (r.node) nodes.set(text(r.node), { id: text(r.node), station: Number(r.station), label: text(r.label), sub: text(r.sub), state: text(r.state), href: text(r.href), y: 0 })
  }
  const edges = rows.filter((r) => nodes.has(text(r.from)) && nodes.has(text(r.to))).map((r) => ({ from: text(r.from), to: text(r.to) }))
  let depth = 1
  for (let s = 0; s < stations.length; s++) {
    const here = [...nodes.values()].filter((n) => n.station === s)
    const wish = new Map(here.map((n) => [n.id, middle(edges.filter((e) => e.to === n.id).map((e) => nodes.get(e.from)!.y))]))
    here.sort((a, b) => (wish.get(a.id) ?? 0) - (wish.get(b.id) ?? 0))
    let next = 0
    for (const n of here) {
      n.y = Math.max(next, Math.round(wish.get(n.id) ?? next))
      next = n.y + 1
    }
    depth = Math.max(depth, next)
  }
  return { stations, nodes: [...nodes.values()], edges, depth }
}

const middle = (ys: number[]): number | undefined => (ys.length ? ys.reduce((a, b) => a + b, 0) / ys.length : undefined)

/** All that leads to a node and all that comes of it. */
export function wayOf(id: string, edges: readonly Edge[]): Set<string> {
  const seen = new Set([id])
  const walk = (from: keyof Edge, to: keyof Edge) => {
    const queue = [id]
    const been = new Set(queue)
    while (queue.length) {
      const x = queue.pop()!
      for (const e of edges) {
        if (e[from] === x && !been.has(e[to])) {
          been.add(e[to])
          seen.add(e[to])
          queue.push(e[to])
        }
      }
    }
  }
  walk('from', 'to')
  walk('to', 'from')
  return seen
}
