/** A share as a bar; the figure stands beside it in words, so the bar itself is silent. */
export function Meter({ value, of, tone }: { value: number; of: number; tone?: 'ok' | 'warn' | 'bad' }) {
  const share = of > 0 ? Math.max(0, Math.min(1, value / of)) : 0
  return (
    <span className={`meter ${tone ?? ''}`} aria-hidden>
      <span style={{ width: `${(share * 100).toFixed(2)}%` }} />
    </span>
  )
}
