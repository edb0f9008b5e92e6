import type { ReactNode } from 'react'

const escape = (s: string) => s.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

/** Who looked and when, laid over the content. A deterrent: it hinders nobody who means harm. */
export function Watermark({ text, children }: { text: string; children: ReactNode }) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="340" height="150"><text x="170" y="80" text-anchor="middle" transform="rotate(-18 170 75)" font-family="sans-serif" font-size="14" fill="#1c2733" fill-opacity="0.11">${escape(text)}</text></svg>`
  return (
    <div className="watermarked">
      {children}
      <div className="watermark" aria-hidden style={{ backgroundImage: `url("data:image/svg+xml,${encodeURIComponent(svg)}")` }} />
    </div>
  )
}
