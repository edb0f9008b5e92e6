import { Button } from 'antd'
import { t } from '../i18n'
import { integer } from '../lib/format'

/** Cursors already walked through, per list, so that 上一页 need not rely on the browser's history. */
const trails = new Map<string, (string | undefined)[]>()

/** Forward and back through a list that hands out cursors. `page` starts at 1 and lives in the address. */
export function Pager({
  list,
  page,
  cursor,
  next,
  total,
  shown,
  go,
}: {
  /** Names the list and its filters: a trail of one is of no use to another. */
  list: string
  page: number
  cursor?: string
  next?: string
  total?: number
  shown: number
  go: (page: number, cursor: string | undefined) => void
}) {
  const trail = trails.get(list) ?? []
  trail[page - 1] = cursor
  trails.set(list, trail)
  const known = page > 1 && page - 2 in trail
  if (page <= 1 && !next) return total !== undefined || shown ? <p className="pager muted">{t('pager.total', { n: integer(total ?? shown) })}</p> : null
  return (
    <nav className="pager" aria-label={t('pager')}>
      <span className="muted">{total !== undefined ? t('pager.total', { n: integer(total) }) : t('pager.shown', { n: shown })}</span>
      <Button size="small" disabled={page <= 1} onClick={() => (known && page > 2 ? go(page - 1, trail[page - 2]) : go(1, undefined))}>
        {known || page <= 2 ? t('pager.prev') : t('pager.first')}
      </Button>
      <span>{t('pager.page', { n: page })}</span>
      <Button size="small" disabled={!next} onClick={() => next && go(page + 1, next)}>
        {t('pager.next')}
      </Button>
    </nav>
  )
}
