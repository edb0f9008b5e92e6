import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import en from '../src/i18n/en.json'
import zh from '../src/i18n/zh.json'
import { getLang, setLang, t } from '../src/i18n'

const src = new URL('../src', import.meta.url).pathname
const files = (dir: string): string[] => readdirSync(dir).flatMap((f) => (statSync(join(dir, f)).isDirectory() ? files(join(dir, f)) : /\.tsx?$/.test(f) ? [join(dir, f)] : []))
const code = files(src).map((f) => readFileSync(f, 'utf8')).join('\n')

describe('the dictionaries', () => {
  it('have words for every key in the code', () => {
    const used = [...code.matchAll(/\bt\(\s*'([\w.]+)'/g)].map((m) => m[1]!)
    expect(used.length).toBeGreaterThan(200)
    expect(used.filter((k) => !(k in zh))).toEqual([])
  })
  it('hold no word that nothing says', () => {
    // keys put together at run time are named by their beginning
    const made = /^(line\.(use|unit)\.|sheet\.(type|looks)\.|error\.\d|due\.|work\.|empty\.|phase\.|jobs\.|unit\.|signin\.missing\.|search\.kind\.|sandbox\.(state|role|project)\.|help\.key\.|keys\.(active|replaced|ended)$|accounts\.(act|say|f)\.|accounts\.(active|locked|disabled)$|log\.(kind\.|person$|org$|object$|from$|to$))/
    expect(Object.keys(zh).filter((k) => !made.test(k) && !code.includes(`'${k}'`))).toEqual([])
  })
  it('English has no key that Chinese lacks', () => expect(Object.keys(en).filter((k) => !(k in zh))).toEqual([]))
  it('keep the same blanks in both languages', () => {
    const blanks = (s: string) => [...s.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort().join()
    const dict = en as Record<string, string>
    expect(Object.entries(zh).filter(([k, v]) => k in dict && blanks(v) !== blanks(dict[k]!)).map(([k]) => k)).toEqual([])
  })
  it('shell labels exist in English', () => {
    for (const k of ['menu', 'search.label', 'messages', 'help', 'signout', 'skip', 'large']) expect(dictHas(k)).toBe(true)
  })
})
const dictHas = (k: string) => k in en

describe('t', () => {
  it('fills blanks and leaves unknown ones', () => {
    setLang('zh')
    expect(t('due.left', { n: 3, unit: '天' })).toBe('剩 3 天')
    expect(t('due.left', { n: 3 })).toBe('剩 3 {unit}')
  })
  it('switches and falls back', () => {
    setLang('en')
    expect(getLang()).toBe('en')
    expect(t('signout')).toBe('Sign out')
    setLang('zh')
    expect(t('signout')).toBe('退出登录')
  })
})
