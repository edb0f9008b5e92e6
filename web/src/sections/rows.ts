import type { Cells, Row } from '../api/types'

/** The cells of a row, from either shape: {key, cells} or the cells themselves. */
export function cellsOf(row: Row | Record<string, unknown>): Cells {
  const inner = (row as Row).cells
  return inner && typeof inner === 'object' && !('text' in inner) ? inner : (row as Cells)
}
