import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { callText, url } from '../api/client'
import { t } from '../i18n'
import { ErrorBox, Loading } from '../ui/atoms'

const dropped = 'script,iframe,object,embed,link,meta,base,form,input,button,template'

/** Takes from a document's HTML all that could act or fetch; what is left is words, tables and styles. */
export function harmless(html: string): DocumentFragment {
  const doc = new DOMParser().parseFromString(html, 'text/html')
  doc.querySelectorAll(dropped).forEach((el) => el.remove())
  doc.querySelectorAll('*').forEach((el) => {
    for (const a of Array.from(el.attributes)) {
      const name = a.name.toLowerCase()
      const link = name === 'href' || name === 'src' || name === 'xlink:href' || name === 'action'
      if (name.startsWith('on') || name === 'srcdoc' || (link && !/^(#|\/(?!\/)|data:image\/(png|svg\+xml|jpeg);|https?:)/i.test(a.value.trim()))) el.removeAttribute(a.name)
    }
  })
  const out = document.createDocumentFragment()
  doc.querySelectorAll('style').forEach((s) => out.append(document.importNode(s, true)))
  const body = document.createElement('div')
  body.className = 'document-body'
  body.append(...Array.from(doc.body.childNodes).filter((n) => n.nodeName !== 'STYLE').map((n) => document.importNode(n, true)))
  out.append(body)
  return out
}

/** A document as the server laid it out, inside a shadow tree so that neither's styles reach the other. */
export function DocumentPreview({ path, title }: { path: string; title: string }) {
  const q = useQuery({ queryKey: ['document', path], queryFn: ({ signal }) => callText(path, signal), staleTime: 60_000 })
  const host = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const el = host.current
    if (!el || q.data === undefined) return
    const rootNode = el.shadowRoot ?? el.attachShadow({ mode: 'open' })
    rootNode.replaceChildren(harmless(q.data))
  }, [q.data])
  if (q.isPending) return <Loading rows={6} />
  if (q.isError) return <ErrorBox error={q.error} retry={() => void q.refetch()} busy={q.isFetching} />
  return <div ref={host} className="document-host" role="document" aria-label={title} tabIndex={0} />
}

export const documentPath = (no: string, kind: string, format: string) => `/api/cases/${encodeURIComponent(no)}/documents/${encodeURIComponent(kind)}.${format}`

/** Links to the files of one document. */
export function DocumentLinks({ no, doc }: { no: string; doc: { kind: string; title: string; formats: string[] } }) {
  return (
    <span className="doc-links">
      {doc.formats.map((f) => (
        <a key={f} href={url(documentPath(no, doc.kind, f))} target="_blank" rel="noopener noreferrer" >
          {f === 'html' ? t('document.page') : f.toUpperCase()}
          <span className="sr">{doc.title}</span>
        </a>
      ))}
    </span>
  )
}
