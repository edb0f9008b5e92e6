import { Button, Checkbox, Progress } from 'antd'
import { DeleteOutlined, PaperClipOutlined, UploadOutlined } from '@ant-design/icons'
import { createContext, useContext, useEffect, useRef, useState } from 'react'
import { upload, url } from '../api/client'
import type { Attachment } from '../api/types'
import { t } from '../i18n'
import { bytes, datetime, shortDigest } from '../lib/format'
import { errorText } from '../ui/atoms'

/** The attachments a page knows by id, so that a field holding ids can show names. */
type Shelf = { find: (id: string) => Attachment | undefined; add: (a: Attachment) => void; caseNo?: string }
const ShelfContext = createContext<Shelf>({ find: () => undefined, add: () => undefined })
export const useShelf = () => useContext(ShelfContext)

export function ShelfProvider({ known, caseNo, children }: { known: readonly Attachment[]; caseNo?: string; children: React.ReactNode }) {
  const [own, setOwn] = useState<Attachment[]>([])
  return (
    <ShelfContext.Provider
      value={{
        find: (id) => own.find((a) => a.id === id) ?? known.find((a) => a.id === id),
        add: (a) => setOwn((x) => [...x, a]),
        caseNo,
      }}
    >
      {children}
    </ShelfContext.Provider>
  )
}

export function AttachmentLink({ a }: { a: Attachment }) {
  return (
    <span className="file">
      <PaperClipOutlined aria-hidden />
      <a href={url(`/api/attachments/${encodeURIComponent(a.id)}`)} target="_blank" rel="noopener noreferrer">
        {a.name}
      </a>
      {a.kind === 'signed_scan' && <span className="tag tag-ok">{t('files.signed')}</span>}
      <span className="muted">{bytes(a.size)}</span>
      {a.sha256 && (
        <code className="digest" title={`SHA-256 ${a.sha256}`}>
          SHA-256 {shortDigest(a.sha256)}
        </code>
      )}
    </span>
  )
}

export function AttachmentList({ items }: { items: readonly Attachment[] }) {
  return (
    <ul className="files">
      {items.map((a) => (
        <li key={a.id}>
          <AttachmentLink a={a} />
          <span className="muted">{[a.by, datetime(a.at)].filter(Boolean).join(' · ')}</span>
        </li>
      ))}
    </ul>
  )
}

type Running = { n: number; name: string; fraction: number; error?: string; stop: AbortController }

/** Chooses and sends files; what has arrived is named with its size and digest. */
export function FilePicker({
  id,
  label,
  ids,
  many,
  disabled,
  describedBy,
  invalid,
  signable,
  onChange,
}: {
  id: string
  label: string
  ids: readonly string[]
  many?: boolean
  disabled?: boolean
  describedBy?: string
  invalid?: boolean
  /** The signed scan may be among these: "likely" has the mark set from the beginning. */
  signable?: 'may' | 'likely'
  onChange: (ids: string[]) => void
}) {
  const shelf = useShelf()
  const [signed, setSigned] = useState(signable === 'likely')
  const input = useRef<HTMLInputElement>(null)
  const [running, setRunning] = useState<Running[]>([])
  const count = useRef(0)
  const latest = useRef(ids)
  useEffect(() => {
    latest.current = ids
  })
  const stops = useRef(new Set<AbortController>())
  useEffect(() => () => stops.current.forEach((s) => s.abort()), [])

  const send = (file: File) => {
    const n = ++count.current
    const stop = new AbortController()
    stops.current.add(stop)
    const patch = (p: Partial<Running>) => setRunning((rs) => rs.map((r) => (r.n === n ? { ...r, ...p } : r)))
    setRunning((rs) => [...rs, { n, name: file.name, fraction: 0, stop }])
    upload<Attachment>(file, (fraction) => patch({ fraction }), stop.signal, signable && signed ? 'signed_scan' : undefined).then(
      (a) => {
        shelf.add(a)
        latest.current = many ? [...latest.current, a.id] : [a.id]
        onChange([...latest.current])
        setRunning((rs) => rs.filter((r) => r.n !== n))
      },
      (e) => patch({ error: errorText(e) }),
    )
  }

  return (
    <div className="file-picker">
      {ids.length > 0 && (
        <ul className="files">
          {ids.map((x) => {
            const a = shelf.find(x)
            return (
              <li key={x}>
                {a ? <AttachmentLink a={a} /> : <code>{x}</code>}
                {!disabled && (
                  <Button
                    type="text"
                    size="small"
                    icon={<DeleteOutlined />}
                    aria-label={t('files.remove', { name: a?.name ?? x })}
                    onClick={() => onChange(ids.filter((y) => y !== x))}
                  />
                )}
              </li>
            )
          })}
        </ul>
      )}
      {running.map((r) => (
        <div key={r.n} className="file-running">
          <span>{r.name}</span>
          {r.error ? (
            <span role="alert" className="tone tone-bad">
              {r.error}
            </span>
          ) : (
            <Progress percent={Math.round(r.fraction * 100)} size="small" aria-label={t('files.progress', { name: r.name })} />
          )}
          <Button
            type="text"
            size="small"
            onClick={() => {
              r.stop.abort()
              setRunning((rs) => rs.filter((x) => x.n !== r.n))
            }}
          >
            {r.error ? t('close') : t('cancel')}
          </Button>
        </div>
      ))}
      {!disabled && (
        <>
          {signable && (
            <div className="file-signed">
              <Checkbox checked={signed} onChange={(e) => setSigned(e.target.checked)}>
                {t('files.signed.mark')}
              </Checkbox>
              <div className="field-help">{t('files.signed.help')}</div>
            </div>
          )}
          <input
            ref={input}
            type="file"
            multiple={many}
            className="sr"
            tabIndex={-1}
            aria-hidden
            onChange={(e) => {
              Array.from(e.target.files ?? []).forEach(send)
              e.target.value = ''
            }}
          />
          <Button id={id} icon={<UploadOutlined />} aria-describedby={describedBy} data-invalid={invalid || undefined} onClick={() => input.current?.click()}>
            {many ? t('files.add') : ids.length ? t('files.replace') : t('files.choose')}
            <span className="sr">{t('files.for', { label })}</span>
          </Button>
        </>
      )}
    </div>
  )
}
