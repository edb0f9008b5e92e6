import { useSyncExternalStore } from 'react'
import zh from './zh.json'
import en from './en.json'

/** A key of the Chinese dictionary, which is complete; English falls back to it. */
export type Key = keyof typeof zh
export type Lang = 'zh' | 'en'
const dictionaries: Record<Lang, Partial<Record<string, string>>> = { zh, en }

let lang: Lang = 'zh'
const listeners = new Set<() => void>()
try {
  if (localStorage.getItem('pado.lang') === 'en') lang = 'en'
} catch {
  // no storage: Chinese
}

/** The words for a key, with {name} replaced from vars. An unknown key shows itself. */
export function t(key: Key, vars?: Record<string, string | number>): string {
  const s = dictionaries[lang][key] ?? dictionaries.zh[key] ?? key
  return vars ? s.replace(/\{(\w+)\}/g, (all, name: string) => (name in vars ? String(vars[name]) : all)) : s
}

/** Whether a key made at run time (a kind, a state) has words of its own. */
export function has(key: string): key is Key {
  return key in dictionaries.zh
}

const before = new Set<() => void>()

/** Called before the words change and every page is drawn anew: the last moment to put typed text away. */
export function onBeforeSwitch(f: () => void): () => void {
  before.add(f)
  return () => before.delete(f)
}

export function setLang(next: Lang) {
  if (next !== lang) before.forEach((f) => f())
  lang = next
  try {
    localStorage.setItem('pado.lang', next)
  } catch {
    // it holds for this page then
  }
  if (typeof document !== 'undefined') document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en'
  listeners.forEach((f) => f())
}

export const getLang = () => lang

export function useLang(): Lang {
  return useSyncExternalStore(
    (f) => (listeners.add(f), () => listeners.delete(f)),
    () => lang,
    () => lang,
  )
}
