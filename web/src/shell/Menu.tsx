import {
  AccountBookOutlined, ApartmentOutlined, AppstoreOutlined, AuditOutlined, BankOutlined, BellOutlined, BookOutlined, ClusterOutlined, CodeOutlined, DashboardOutlined, DatabaseOutlined,
  DownOutlined, ExperimentOutlined, FileProtectOutlined, FileTextOutlined, FolderOutlined, HomeOutlined, ProfileOutlined, SafetyOutlined, SettingOutlined, TeamOutlined,
} from '@ant-design/icons'
import { Input } from 'antd'
import { Link, useLocation } from '@tanstack/react-router'
import { useState, type ComponentType } from 'react'
import type { Me, MenuGroup, MenuLeaf } from '../api/types'
import { t } from '../i18n'
import { appPath } from '../lib/format'
import { SearchOutlined } from '@ant-design/icons'

/** Icons the server may name; any other group gets a folder. */
const icons: Record<string, ComponentType<{ 'aria-hidden'?: boolean }>> = {
  home: HomeOutlined, work: ProfileOutlined, file: FileTextOutlined, agreement: FileProtectOutlined, database: DatabaseOutlined, catalogue: BookOutlined, product: AppstoreOutlined,
  sandbox: CodeOutlined, governance: ClusterOutlined, money: AccountBookOutlined, pricing: AccountBookOutlined, bank: BankOutlined, security: SafetyOutlined, supervision: AuditOutlined,
  audit: AuditOutlined, leader: DashboardOutlined, team: TeamOutlined, party: TeamOutlined, org: ApartmentOutlined, settings: SettingOutlined, system: SettingOutlined, messages: BellOutlined, experiment: ExperimentOutlined,
}

const byHeading: Record<string, keyof typeof icons> = {
  工作台: 'work', 授权管理: 'agreement', 目录与供给: 'catalogue', 数据治理: 'governance', 合作伙伴: 'team', 产品: 'product', 沙箱: 'sandbox', 交付: 'product', 价格收益: 'money', 财务: 'money',
  运营监管: 'supervision', 安全: 'security', 评价与处置: 'audit', 披露发布: 'file', 系统管理: 'settings', 主体: 'org',
}
const iconOf = (g: MenuGroup) => icons[g.icon ?? ''] ?? icons[byHeading[g.label] ?? g.key] ?? FolderOutlined

/** Groups whose label or leaves hold the typed words; a group that matches keeps all its leaves. */
export function narrow(menu: readonly MenuGroup[], words: string): MenuGroup[] {
  const w = words.trim().toLowerCase()
  if (!w) return [...menu]
  return menu.flatMap((g) => {
    if (g.label.toLowerCase().includes(w)) return [g]
    const children = g.children?.filter((c) => c.label.toLowerCase().includes(w)) ?? []
    return children.length ? [{ ...g, children }] : []
  })
}

/** The leaf whose path is the longest beginning of where we are. */
export function activeKey(menu: readonly MenuGroup[], pathname: string, search: string): string | undefined {
  let best: { key: string; n: number } | undefined
  for (const leaf of menu.flatMap((g) => [...(g.children ?? []), ...(g.path ? [g as MenuLeaf] : [])])) {
    const [path = '', q] = appPath(leaf.path).split('?')
    if (pathname !== path && !pathname.startsWith(path + '/')) continue
    if (q && !q.split('&').every((x) => search.includes(x))) continue
    const n = path.length * 10 + (q?.length ?? 0)
    if (!best || n > best.n) best = { key: leaf.key, n }
  }
  return best?.key
}

export function Menu({ me, folded, unfold }: { me: Me; folded: boolean; unfold: () => void }) {
  const here = useLocation()
  const [words, setWords] = useState('')
  const [closed, setClosed] = useState<Record<string, boolean>>({})
  const groups = narrow(me.menu, words)
  const active = activeKey(me.menu, here.pathname, here.pathname === '/work' && !here.searchStr.includes('tab=') ? 'tab=todo' : here.searchStr)
  return (
    <div className={`menu ${folded ? 'folded' : ''}`}>
      {!folded && (
        <Input size="small" className="menu-search" allowClear prefix={<SearchOutlined aria-hidden />} placeholder={t('menu.search')} aria-label={t('menu.search')} value={words} onChange={(e) => setWords(e.target.value)} />
      )}
      <nav aria-label={t('menu')}>
        <ul>
          {groups.map((g) => {
            const Icon = iconOf(g)
            const hit = g.children?.some((c) => c.key === active) || g.key === active
            if (!g.children?.length) {
              if (!g.path) return null
              return (
                <li key={g.key}>
                  <MenuLink leaf={g as MenuLeaf} active={g.key === active} className="group-link" title={folded ? g.label : undefined}>
                    <Icon aria-hidden />
                    <span className={folded ? 'sr' : undefined}>{g.label}</span>
                  </MenuLink>
                </li>
              )
            }
            const open = !folded && (words !== '' || !closed[g.key])
            return (
              <li key={g.key}>
                <button
                  type="button"
                  className={`group ${hit ? 'hit' : ''}`}
                  aria-expanded={open}
                  title={folded ? g.label : undefined}
                  onClick={() => {
                    if (folded) {
                      unfold()
                      setClosed({ ...closed, [g.key]: false })
                    } else setClosed({ ...closed, [g.key]: open })
                  }}
                >
                  <Icon aria-hidden />
                  <span className={folded ? 'sr' : 'group-label'}>{g.label}</span>
                  {!folded && <DownOutlined aria-hidden className="chevron" rotate={open ? 0 : -90} />}
                </button>
                {open && (
                  <ul>
                    {g.children.map((c) => (
                      <li key={c.key}>
                        <MenuLink leaf={c} active={c.key === active}>
                          {c.label}
                        </MenuLink>
                      </li>
                    ))}
                  </ul>
                )}
              </li>
            )
          })}
        </ul>
        {!groups.length && <p className="muted menu-none">{words ? t('menu.nothing') : t('menu.empty')}</p>}
      </nav>
    </div>
  )
}

function MenuLink({ leaf, active, children, className, title }: { leaf: MenuLeaf; active: boolean; children: React.ReactNode; className?: string; title?: string }) {
  const [path = '', q = ''] = appPath(leaf.path).split('?')
  const foreign = /^\/(portal|open|log|api)(\/|$)/.test(leaf.path)
  const cls = [className, active && 'active'].filter(Boolean).join(' ')
  if (foreign) {
    return (
      <a href={leaf.path} className={cls} title={title}>
        {children}
      </a>
    )
  }
  return (
    <Link to={path} search={Object.fromEntries(new URLSearchParams(q)) as never} className={cls} aria-current={active ? 'page' : undefined} title={title} activeProps={{}}>
      {children}
    </Link>
  )
}
