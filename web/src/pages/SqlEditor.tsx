import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { sql, StandardSQL } from '@codemirror/lang-sql'
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { EditorState, Prec } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import type { Project } from '../api/types'
import { t } from '../i18n'

// every colour reaches 4.5:1 on the editor's white
const colours = HighlightStyle.define([
  { tag: tags.keyword, color: '#1351b4', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: '#1a6b38' },
  { tag: [tags.number, tags.bool, tags.null], color: '#8a3d00' },
  { tag: [tags.lineComment, tags.blockComment], color: '#5b6570' },
  { tag: tags.typeName, color: '#7a3e9d' },
])

/** SQL with the project's own tables and columns as completion. Tab moves on: nobody is trapped. */
export default function SqlEditor({ value, tables, onChange, onRun, onReady }: { value: string; tables: Project['tables']; onChange: (s: string) => void; onRun: () => void; onReady?: (insert: (s: string) => void) => void }) {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const handlers = useRef({ onChange, onRun })
  useEffect(() => {
    handlers.current = { onChange, onRun }
  })

  useEffect(() => {
    const schema = Object.fromEntries(
      tables.map((x) => [x.name, { self: { label: x.name, detail: x.label, type: 'type' }, children: x.columns.map((c) => ({ label: c.name, detail: `${c.label} ${c.type}`, type: 'property' })) }]),
    )
    const v = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: value,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          highlightActiveLine(),
          autocompletion(),
          syntaxHighlighting(colours),
          sql({ dialect: StandardSQL, schema, upperCaseKeywords: true }),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': t('sql.label'), 'aria-multiline': 'true' }),
          Prec.highest(keymap.of([{ key: 'Mod-Enter', run: () => (handlers.current.onRun(), true) }])),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap]),
          EditorView.updateListener.of((u) => u.docChanged && handlers.current.onChange(u.state.doc.toString())),
        ],
      }),
    })
    view.current = v
    onReady?.((s) => {
      const { from, to } = v.state.selection.main
      v.dispatch({ changes: { from, to, insert: s }, selection: { anchor: from + s.length } })
      v.focus()
    })
    return () => v.destroy()
    // the tables of a project do not change while its page is open; the text is taken over below
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [tables])

  useEffect(() => {
    const v = view.current
    if (v && v.state.doc.toString() !== value) v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: value } })
  }, [value])

  return <div ref={host} className="sql-editor" />
}
