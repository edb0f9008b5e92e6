import { Button, Popconfirm, Progress } from 'antd'
import { PauseOutlined, UploadOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { call, problemOf, query, url, ApiError } from '../api/client'
import { t } from '../i18n'
import { bytes, shortDigest } from '../lib/format'
import { send, type Line, type Upload } from '../lib/resumable'
import { errorText } from '../ui/atoms'

const wait = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const x = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(x), reject(signal.reason as Error)), { once: true })
  })

const lineOf = (caseNo: string): Line => ({
  begin: (name, size) => call<Upload>('/api/uploads', { method: 'POST', body: { case: caseNo, name, size } }),
  where: (id) => call<Upload>(`/api/uploads/${encodeURIComponent(id)}`),
  part: async (id, start, body, signal) => {
    let res: Response
    try {
      res = await fetch(url(`/api/uploads/${encodeURIComponent(id)}/parts/${start}`), { method: 'PUT', credentials: 'same-origin', signal, headers: { 'X-Pado': '1', Accept: 'application/json', 'Content-Type': 'application/octet-stream' }, body })
    } catch (e) {
      if ((e as Error).name === 'AbortError') throw e
      throw new ApiError({ status: 0, code: 'network' })
    }
    if (!res.ok) throw await problemOf(res)
    return (await res.json()) as Upload
  },
  complete: (id, sha256) => call<Upload>(`/api/uploads/${encodeURIComponent(id)}/complete`, { method: 'POST', body: { sha256 } }),
  wait,
})

/** A large file for a delivery, in parts: it can be paused, and goes on where it stopped, tomorrow too. */
export function Resumable({ id, label, caseNo, value, disabled, describedBy, invalid, onChange }: { id: string; label: string; caseNo: string; value?: string; disabled?: boolean; describedBy?: string; invalid?: boolean; onChange: (upload: string | undefined) => void }) {
  const client = useQueryClient()
  const input = useRef<HTMLInputElement>(null)
  const stop = useRef<AbortController>(null)
  const key = ['uploads', caseNo]
  const there = useQuery({ queryKey: key, queryFn: () => call<{ items: Upload[] }>(`/api/uploads${query({ case: caseNo })}`).then((x) => x.items), refetchOnWindowFocus: false })
  const [now, setNow] = useState<{ file: File; done: number; word?: 'waiting' | 'checking'; paused?: boolean }>()
  const [error, setError] = useState<unknown>()
  useEffect(() => () => stop.current?.abort(), [])

  const run = async (file: File) => {
    const mine = (stop.current = new AbortController())
    setError(undefined)
    setNow({ file, done: 0 })
    try {
      const u = await send(file, lineOf(caseNo), mine.signal, (done, word) => stop.current === mine && setNow({ file, done, word }))
      setNow(undefined)
      onChange(u.id)
    } catch (e) {
      if (mine.signal.aborted) return
      setError(e)
      setNow((x) => x && { ...x, paused: true, word: undefined })
    } finally {
      void client.invalidateQueries({ queryKey: key })
    }
  }
  const pause = () => {
    stop.current?.abort()
    setNow((x) => x && { ...x, paused: true, word: undefined })
  }
  const drop = (u: Upload) => {
    if (u.id === value) onChange(undefined)
    void call(`/api/uploads/${encodeURIComponent(u.id)}`, { method: 'DELETE' }).then(() => client.invalidateQueries({ queryKey: key }), setError)
  }
  const items = (there.data ?? []).filter((u) => !(now && u.state === 'open' && u.name === now.file.name && u.size === now.file.size))
  return (
    <div className="file-picker">
      <ul className="files">
        {items.map((u) => (
          <li key={u.id}>
            <strong>{u.name}</strong> <span className="muted">{bytes(u.size)}</span>{' '}
            {u.state === 'complete' ? (
              <>
                {u.sha256 && (
                  <code className="digest" title={`SHA-256 ${u.sha256}`}>
                    SHA-256 {shortDigest(u.sha256)}
                  </code>
                )}{' '}
                {u.id === value ? <span className="tag tag-ok">{t('parts.chosen')}</span> : !disabled && <Button size="small" onClick={() => onChange(u.id)}>{t('parts.choose')}</Button>}
              </>
            ) : (
              <span className="muted">{t('parts.open', { n: Math.floor((u.next / u.size) * 100) })}</span>
            )}{' '}
            {!disabled && (
              <Popconfirm title={t('parts.drop.ask')} okText={t('parts.drop')} cancelText={t('cancel')} onConfirm={() => drop(u)}>
                <Button size="small" type="text">
                  {t('parts.drop')}
                </Button>
              </Popconfirm>
            )}
          </li>
        ))}
      </ul>
      {now && (
        <div className="file-running" role="status">
          <span>
            {now.file.name} <span className="muted">{t('parts.done', { done: bytes(now.done), size: bytes(now.file.size) })}</span>{' '}
            {now.word === 'waiting' ? t('parts.waiting') : now.word === 'checking' ? t('parts.checking') : now.paused ? t('parts.paused') : ''}
          </span>
          <Progress percent={Math.floor((now.done / Math.max(1, now.file.size)) * 100)} size="small" status={now.paused ? 'normal' : 'active'} aria-label={t('files.progress', { name: now.file.name })} />
          {now.paused ? (
            <Button size="small" onClick={() => void run(now.file)}>
              {t('parts.resume')}
            </Button>
          ) : (
            <Button size="small" icon={<PauseOutlined />} disabled={now.word === 'checking'} onClick={pause}>
              {t('parts.pause')}
            </Button>
          )}
        </div>
      )}
      {error !== undefined && (
        <p role="alert" className="tone tone-bad">
          {errorText(error)}
        </p>
      )}
      {!disabled && (
        <>
          <input
            ref={input}
            type="file"
            hidden
            aria-label={label}
            accept=".csv,.tsv,.txt,.xlsx,.xls,.parquet,.json,.jsonl,.ndjson,.zip"
            onChange={(e) => {
              const f = e.target.files?.[0]
              e.target.value = ''
              if (f) void run(f)
            }}
          />
          <Button id={id} icon={<UploadOutlined />} disabled={!!now && !now.paused} aria-describedby={describedBy} aria-invalid={invalid || undefined} onClick={() => input.current?.click()}>
            {t('parts.pick')}
          </Button>
          <span className="muted"> {t('parts.hint')}</span>
        </>
      )}
    </div>
  )
}
