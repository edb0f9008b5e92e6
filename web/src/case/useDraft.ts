import { useEffect, useRef, useState } from 'react'
import { call } from '../api/client'
import type { Field, Form } from '../api/types'
import { toSend } from '../form/model'
import { onBeforeSwitch } from '../i18n'

export type DraftState = { kind: 'clean' } | { kind: 'typed' } | { kind: 'saving' } | { kind: 'saved'; at: Date } | { kind: 'failed' }

const every = 10_000

/**
 * Keeps what is typed on the server every ten seconds, and once more when the
 * page is left. `keep` puts it into the page's own copy of the case as well.
 */
export function useDraft(no: string, fields: readonly Field[], form: Form, dirty: boolean, enabled: boolean, keep: (form: Form, at: string) => void): DraftState {
  const [state, setState] = useState<DraftState>({ kind: 'clean' })
  const saved = useRef<string | null>(null)
  const now = useRef({ no, fields, form, dirty, enabled, keep })
  useEffect(() => {
    now.current = { no, fields, form, dirty, enabled, keep }
  })

  useEffect(() => {
    if (dirty && enabled && JSON.stringify(form) !== saved.current) setState({ kind: 'typed' })
  }, [form, dirty, enabled])

  useEffect(() => {
    const save = async () => {
      const n = now.current
      const text = JSON.stringify(n.form)
      if (!n.enabled || !n.dirty || text === saved.current) return
      setState({ kind: 'saving' })
      n.keep(n.form, new Date().toISOString())
      try {
        await call(`/api/cases/${encodeURIComponent(n.no)}/draft`, { method: 'PUT', body: { form: toSend(n.fields, n.form) } })
        saved.current = text
        setState({ kind: 'saved', at: new Date() })
      } catch {
        setState({ kind: 'failed' }) // tried again at the next turn
      }
    }
    const timer = setInterval(() => void save(), every)
    const leave = (e: BeforeUnloadEvent) => {
      const n = now.current
      if (n.enabled && n.dirty && JSON.stringify(n.form) !== saved.current) {
        void save()
        e.preventDefault()
      }
    }
    window.addEventListener('beforeunload', leave)
    const off = onBeforeSwitch(() => void save())
    return () => {
      clearInterval(timer)
      window.removeEventListener('beforeunload', leave)
      off()
      void save()
    }
  }, [no])
  return state
}
