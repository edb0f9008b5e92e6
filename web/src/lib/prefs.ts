import { useSyncExternalStore } from 'react'

/** Things a reader sets for this browser: large print, folded menu. Never anything of the record. */
const listeners = new Set<() => void>()

function read(key: string): boolean {
  try {
    return localStorage.getItem(`pado.${key}`) === '1'
  } catch {
    return false
  }
}
const values: Record<string, boolean> = {}

export function setPref(key: string, on: boolean) {
  values[key] = on
  try {
    localStorage.setItem(`pado.${key}`, on ? '1' : '0')
  } catch {
    // it holds for this page then
  }
  listeners.forEach((f) => f())
}

export function usePref(key: string): boolean {
  return useSyncExternalStore(
    (f) => (listeners.add(f), () => listeners.delete(f)),
    () => (values[key] ??= read(key)),
    () => false,
  )
}
