import { useEffect, useState } from 'react'
import { useMe } from '../api/hooks'
import { getLang, t } from '../i18n'

/** Seen on paper only: what it is, who printed it and when. */
export function PrintHead({ title }: { title: string }) {
  const me = useMe().data
  const [at, setAt] = useState(() => new Date())
  useEffect(() => {
    const now = () => setAt(new Date())
    window.addEventListener('beforeprint', now)
    return () => window.removeEventListener('beforeprint', now)
  }, [])
  return (
    <div className="print-head" aria-hidden>
      <strong>
        {me?.city.platform} · {title}
      </strong>
      <span>{t('print.by', { who: me?.person.name ?? '', at: at.toLocaleString(getLang() === 'zh' ? 'zh-CN' : 'en-GB', { hour12: false, timeZone: 'Asia/Shanghai' }) })}</span>
    </div>
  )
}
