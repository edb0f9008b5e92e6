import type { Problem } from './types'

/** Where the pages are mounted, written into the page by the server. */
export const base: string =
  (typeof document !== 'undefined' && document.querySelector('meta[name="pado-base"]')?.getAttribute('content')) || '/app/'

/** The root of the site: what stands before "api/". */
export const root = base.replace(/app\/$/, '')

/** Turns an address of the contract ("/api/…") into one of this site. */
export function url(path: string): string {
  return path.startsWith('/') ? root + path.slice(1) : path
}

/** A refusal by the server or by the line to it. `status` 0 means that nothing answered. */
export class ApiError extends Error {
  readonly problem: Problem
  readonly status: number
  readonly code: string
  readonly retryAfter?: number
  constructor(problem: Problem, retryAfter?: number) {
    super(problem.detail || problem.message || problem.title || String(problem.status))
    this.name = 'ApiError'
    this.problem = problem
    this.status = problem.status
    this.code = problem.code ?? ''
    this.retryAfter = retryAfter
  }
}

type Listener = () => void
const signedOut = new Set<Listener>()
const active = new Set<Listener>()

/** Called whenever a request is answered 401 while a session was thought to be open. */
export function onSignedOut(f: Listener): () => void {
  signedOut.add(f)
  return () => signedOut.delete(f)
}

/** Called after every answered request: the server has counted us as present. */
export function onActive(f: Listener): () => void {
  active.add(f)
  return () => active.delete(f)
}

let confirmer: (() => Promise<boolean>) | undefined

/** Who asks the person again before an act that cannot be taken back; the act is sent once more if it answers true. */
export function setConfirmer(f: (() => Promise<boolean>) | undefined) {
  confirmer = f
}

export type CallOptions = {
  method?: string
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Sign-in itself: a 401 is an answer, not a lost session. */
  quiet401?: boolean
  /** The person was asked already: a second refusal is final. */
  asked?: boolean
}

/** Reads a problem document out of whatever was answered. */
export async function problemOf(res: Response): Promise<ApiError> {
  const after = Number(res.headers.get('Retry-After') ?? '') || undefined
  let problem: Problem = { status: res.status }
  try {
    const type = res.headers.get('Content-Type') ?? ''
    if (type.includes('json')) problem = { ...((await res.json()) as Problem), status: res.status }
  } catch {
    // the body was cut off: the status is all we know
  }
  return new ApiError(problem, after)
}

/** One exchange with the API. Throws ApiError; answers undefined for 204. */
export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const { method = 'GET', body, headers, signal, quiet401 } = options
  let res: Response
  try {
    res = await fetch(url(path), {
      method,
      credentials: 'same-origin',
      signal,
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(method === 'GET' ? {} : { 'X-Pado': '1' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
  } catch (e) {
    if ((e as Error).name === 'AbortError') throw e
    throw new ApiError({ status: 0, code: 'network' })
  }
  if (!res.ok) {
    if (res.status === 401 && !quiet401) signedOut.forEach((f) => f())
    const e = await problemOf(res)
    if (e.code === 'session.confirm' && confirmer && !options.asked && (await confirmer())) return call<T>(path, { ...options, asked: true })
    throw e
  }
  active.forEach((f) => f())
  if (res.status === 204 || res.headers.get('Content-Length') === '0') return undefined as T
  const text = await res.text()
  if (!text) return undefined as T
  try {
    return JSON.parse(text) as T
  } catch {
    throw new ApiError({ status: 502, code: 'malformed' })
  }
}

/** The text of a document, for a preview in the page. */
export async function callText(path: string, signal?: AbortSignal): Promise<string> {
  const res = await fetch(url(path), { credentials: 'same-origin', signal })
  if (!res.ok) {
    if (res.status === 401) signedOut.forEach((f) => f())
    throw await problemOf(res)
  }
  active.forEach((f) => f())
  return res.text()
}

/** A key under which a repeated send of the same act is answered once. */
export function newKey(): string {
  const b = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('')
}

export type Progress = (fraction: number) => void

/** Sends one file; XMLHttpRequest because fetch does not tell how far it is. */
export function upload<T>(file: File, progress: Progress, signal?: AbortSignal, kind?: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    xhr.open('POST', url(`/api/attachments${query({ kind })}`))
    xhr.setRequestHeader('X-Pado', '1')
    xhr.setRequestHeader('Accept', 'application/json')
    xhr.upload.onprogress = (e) => e.lengthComputable && progress(e.loaded / e.total)
    xhr.onerror = () => reject(new ApiError({ status: 0, code: 'network' }))
    xhr.onload = () => {
      let body: unknown = {}
      try {
        body = JSON.parse(xhr.responseText)
      } catch {
        // judged by the status below
      }
      if (xhr.status >= 200 && xhr.status < 300) {
        active.forEach((f) => f())
        resolve(body as T)
      } else {
        if (xhr.status === 401) signedOut.forEach((f) => f())
        reject(new ApiError({ ...(body as Problem), status: xhr.status }))
      }
    }
    signal?.addEventListener('abort', () => xhr.abort())
    const data = new FormData()
    data.append('file', file)
    xhr.send(data)
  })
}

/** Builds "?a=1&b=2" from what is set. */
export function query(params: Record<string, string | number | boolean | undefined | null>): string {
  const q = new URLSearchParams()
  for (const [k, v] of Object.entries(params)) if (v !== undefined && v !== null && v !== '') q.set(k, String(v))
  const s = q.toString()
  return s ? `?${s}` : ''
}
