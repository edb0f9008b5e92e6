import { Button, Dropdown, Popover } from 'antd'
import { DownOutlined, StopOutlined } from '@ant-design/icons'
import { useProcedure } from '../api/hooks'
import type { Case, Offer } from '../api/types'
import { t } from '../i18n'
import { bar, offerKey } from '../lib/offers'
import { Clause } from '../ui/atoms'

/** What may be done now; what may not is there too, with the reason, the clause and who could. */
export function ActionBar({ c, children, open }: { c: Case; children?: React.ReactNode; open: (o: Offer) => void }) {
  const { main, more, refused } = bar(c.offers)
  return (
    <div className="action-bar no-print" role="toolbar" aria-label={t('offers')}>
      <div className="action-status">{children}</div>
      <div className="action-buttons">
        {main.map((o) => (
          <Button key={offerKey(o)} type={o.style === 'primary' ? 'primary' : 'default'} danger={o.style === 'danger'} onClick={() => open(o)} data-action={o.action}>
            {o.label}
            {o.backfill && `（${t('backfill')}）`}
          </Button>
        ))}
        {refused.map((o) => (
          <Refused key={offerKey(o)} o={o} c={c} />
        ))}
        {more.length > 0 && (
          <Dropdown trigger={['click']} placement="topRight" getPopupContainer={(n) => n.parentElement ?? document.body} menu={{ items: more.map((o) => ({ key: offerKey(o), label: o.label, danger: o.style === 'danger', onClick: () => open(o) })) }}>
            <Button>
              {t('offers.more')} <DownOutlined aria-hidden />
            </Button>
          </Dropdown>
        )}
        {c.offers.length === 0 && <span className="muted">{c.state.terminal ? t('offers.terminal') : t('offers.none')}</span>}
      </div>
    </div>
  )
}

function Refused({ o, c }: { o: Offer; c: Case }) {
  const detail = useProcedure(c.procedure.id).data
  const who = o.byLabel ?? [...new Set(detail?.steps.filter((s) => s.action === o.action && s.from.includes(c.state.id)).map((s) => s.byLabel))].join('、')
  return (
    <Popover
      trigger={['hover', 'click', 'focus']}
      title={t('offers.refused', { label: o.label })}
      content={
        <div className="refusal">
          <p>{o.refusal?.message}</p>
          <p className="refusal-marks">
            <Clause of={o.refusal?.clause ?? o.clause} />
            {o.refusal?.code && <span className="muted">{t('error.code', { code: o.refusal.code })}</span>}
          </p>
          {who && <p>{t('offers.who', { who, state: c.state.label })}</p>}
        </div>
      }
    >
      <Button className="refused" aria-disabled icon={<StopOutlined aria-hidden />}>
        {o.label}
        <span className="sr">{t('offers.refused.sr', { why: o.refusal?.message ?? '' })}</span>
      </Button>
    </Popover>
  )
}
