import { useEffect } from 'react'

/** The browser's title and, for readers of the screen, the new page's heading. */
export function usePageTitle(title: string | undefined, platform?: string) {
  useEffect(() => {
    if (title) document.title = platform ? `${title} · ${platform}` : title
  }, [title, platform])
}

/** Moves the focus to an element and brings it into view; says whether it was there. */
export function focusOn(id: string): boolean {
  const el = document.getElementById(id)
  if (!el) return false
  const target = el.matches('input,textarea,button,select,[tabindex],a[href]') ? el : el.querySelector<HTMLElement>('input,textarea,button,select,[tabindex],a[href]')
  ;(target ?? el).scrollIntoView({ block: 'center' })
  ;(target as HTMLElement | null)?.focus({ preventScroll: true })
  return true
}

/** Whether a key press belongs to somebody typing. */
export function typing(e: KeyboardEvent): boolean {
  const el = e.target as HTMLElement | null
  return !!el && (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName))
}
