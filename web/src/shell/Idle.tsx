import { Alert, Button, Modal } from 'antd'
import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { call, onActive, onSignedOut } from '../api/client'
import type { Me } from '../api/types'
import { t } from '../i18n'
import { Loading } from '../ui/atoms'

const SignInForm = lazy(() => import('../pages/SignInForm'))

const warnBefore = 120

/** Seconds until the server forgets a session last seen at `seen`; both in milliseconds. */
export function secondsLeft(seen: number, now: number, idleMinutes: number): number {
  return Math.ceil((seen + idleMinutes * 60_000 - now) / 1000)
}

/**
 * Warns two minutes before an idle session ends and lets it be prolonged with
 * one key. When it has ended, signs in again over the page: what was typed stays.
 */
export function Idle({ me }: { me: Me }) {
  const client = useQueryClient()
  const [left, setLeft] = useState(Infinity)
  const [out, setOut] = useState(false)
  const seen = useRef(Date.now())
  const minutes = me.idleMinutes ?? 30

  const touched = useRef(Date.now())
  useEffect(() => {
    const touch = () => (touched.current = Date.now())
    const events = ['keydown', 'pointerdown', 'wheel'] as const
    events.forEach((e) => window.addEventListener(e, touch, { passive: true }))
    const offActive = onActive(() => (seen.current = Math.max(touched.current, seen.current)))
    const offOut = onSignedOut(() => setOut(true))
    // counters are kept fresh while somebody is there, and only then: reading them counts as presence
    const refresh = setInterval(() => {
      if (!document.hidden && Date.now() - touched.current < 5 * 60_000) void client.invalidateQueries({ queryKey: ['me'] })
    }, 60_000)
    const timer = setInterval(() => {
      seen.current = Math.max(seen.current, touched.current)
      setLeft(secondsLeft(seen.current, Date.now(), minutes))
    }, 1000)
    return () => {
      events.forEach((e) => window.removeEventListener(e, touch))
      offActive()
      offOut()
      clearInterval(timer)
      clearInterval(refresh)
    }
  }, [minutes, client])

  if (out) {
    return (
      <Modal open footer={null} closable={false} keyboard={false} mask={{ closable: false }} title={t('idle.out')} width={440}>
        <Alert type="info" showIcon className="gap" title={t('idle.out.text')} />
        <Suspense fallback={<Loading rows={3} />}>
          <SignInForm
            user={undefined}
            onDone={(next) => {
              if (next.person.id !== me.person.id) {
                location.reload()
                return
              }
              seen.current = touched.current = Date.now()
              setOut(false)
              client.setQueryData(['me'], next)
              void client.invalidateQueries()
            }}
          />
        </Suspense>
      </Modal>
    )
  }
  if (left > warnBefore) return null
  const stay = () => {
    touched.current = Date.now()
    void call('/api/me').finally(() => setLeft(Infinity))
  }
  return (
    <Modal open title={t('idle.warn')} onCancel={stay} width={440} footer={<Button type="primary" onClick={stay}>{t('idle.stay')}</Button>}>
      <p role="alert">{left > 0 ? t('idle.warn.text', { n: left }) : t('idle.over')}</p>
    </Modal>
  )
}
