/**
 * The SQL editor: CodeMirror with the open file's tables, columns and the saved queries to complete from. It lives in a
 * shadow root, where CodeMirror adopts its style sheets instead of writing style elements, which the content security
 * policy refuses. Its colours are the page's tokens. It is loaded when the SQL page is first shown.
 */

import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  type Completion,
  type CompletionSource,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { keywordCompletionSource, schemaCompletionSource, SQLite, type SQLNamespace } from '@codemirror/lang-sql'
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search'
import { Compartment, EditorState, Prec, StateEffect, StateField, type Extension } from '@codemirror/state'
import {
  Decoration,
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
  placeholder,
  type DecorationSet,
} from '@codemirror/view'
import { tags } from '@lezer/highlight'
import type { SavedQuery } from '../../stores/sql.ts'
import { FUNCTION_WORDS } from './functions.ts'
import type { SchemaTable } from './schema.ts'

export interface EditorEvents {
  readonly onChange: (text: string) => void
  readonly onCaret: (from: number, to: number) => void
  readonly onRun: () => void
}

export interface SqlEditorView {
  /** Replaces the text where it differs; what is undone belongs to the text that was there. */
  setText(text: string): void
  setWords(schema: readonly SchemaTable[], saved: readonly SavedQuery[]): void
  /** Mark where an error is; undefined takes the mark away. */
  setError(range: { readonly from: number; readonly to: number } | undefined): void
  insert(text: string): void
  focus(): void
  destroy(): void
}

export function createSqlEditor(root: ShadowRoot, text: string, events: EditorEvents): SqlEditorView {
  const words = new Compartment()
  let known = language([], [])
  const extensions = (): Extension => [
    Prec.highest(keymap.of([{ key: 'Mod-Enter', run: runNow }])),
    look,
    lineNumbers(),
    history(),
    drawSelection(),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    search({ top: true }),
    syntaxHighlighting(colours),
    placeholder('SELECT … FROM op; Ctrl Space completes, Ctrl Enter runs'),
    errorMark,
    words.of(known),
    autocompletion({ icons: false, maxRenderedOptions: 60 }),
    keymap.of([
      { key: 'Tab', run: acceptCompletion },
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...defaultKeymap,
      ...historyKeymap,
      ...searchKeymap,
    ]),
    typedOverSelection,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': 'SQL', spellcheck: 'false', tabindex: '0' }),
    EditorView.updateListener.of(({ docChanged, selectionSet, state }) => {
      if (docChanged) events.onChange(state.doc.toString())
      const { from, to } = state.selection.main
      if (docChanged || selectionSet) events.onCaret(from, to)
    }),
  ]
  function runNow(view: EditorView): boolean {
    closeCompletion(view)
    events.onRun()
    return true
  }
  const fresh = (doc: string): EditorState => EditorState.create({ doc, extensions: extensions() })
  const view = new EditorView({ root, parent: root, state: fresh(text) })

  return {
    setText(next) {
      if (next !== view.state.doc.toString()) view.setState(fresh(next))
    },
    setWords(schema, saved) {
      known = language(schema, saved)
      view.dispatch({ effects: words.reconfigure(known) })
    },
    setError(range) {
      const end = view.state.doc.length
      const fits = range && range.from < end ? { from: range.from, to: Math.min(range.to, end) } : undefined
      view.dispatch({ effects: markError.of(fits) })
    },
    insert(inserted) {
      view.dispatch(view.state.replaceSelection(inserted))
      view.focus()
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  }
}

/**
 * Where typed text replaces what is selected, Chromium would carry the look of what was there over to it as a style
 * attribute, which the content security policy refuses, with an error in the console (style-src-attr, of no script's). So
 * the text is put in here as CodeMirror does it, input handlers included, and the document is left to CodeMirror.
 */
const typedOverSelection = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { data: text, inputType, isComposing } = event
    const { empty, from, to } = view.state.selection.main
    if (inputType !== 'insertText' || isComposing || text === null || empty) return false
    const insert = () =>
      view.state.update(view.state.replaceSelection(text), { userEvent: 'input.type', scrollIntoView: true })
    const handlers = view.state.facet(EditorView.inputHandler)
    if (!handlers.some((handle) => handle(view, from, to, text, insert))) view.dispatch(insert())
    return true
  },
})

function language(schema: readonly SchemaTable[], saved: readonly SavedQuery[]): Extension {
  return [
    SQLite.extension,
    SQLite.language.data.of({ autocomplete: schemaCompletionSource({ dialect: SQLite, schema: namespace(schema) }) }),
    SQLite.language.data.of({ autocomplete: keywords }),
    SQLite.language.data.of({ autocomplete: functions }),
    SQLite.language.data.of({ autocomplete: savedQueries(saved) }),
  ]
}

function namespace(schema: readonly SchemaTable[]): SQLNamespace {
  const table = ({ name, about, columns, internal }: SchemaTable): SQLNamespace => ({
    self: { label: name, type: 'type', detail: 'table', ...(about ? { info: about } : {}), boost: internal ? -50 : 10 },
    children: columns.map((column): Completion => ({
      label: column.name,
      type: 'property',
      detail: [column.type, column.refers].filter(Boolean).join(', '),
      ...(column.about ? { info: column.about } : {}),
      boost: 20,
    })),
  })
  return Object.fromEntries(schema.map((one) => [one.name, table(one)]))
}

const allKeywords = keywordCompletionSource(SQLite, true)
/** Behind a dot stands a column. */
const keywords: CompletionSource = (context) => (context.matchBefore(/\.\w*/) ? null : allKeywords(context))

const functions: CompletionSource = (context) => {
  const word = context.matchBefore(/\w+/)
  if (!word || context.matchBefore(/\.\w*/)) return null
  const options = Object.entries(FUNCTION_WORDS).map(([name, info]): Completion => ({
    label: name,
    type: 'function',
    detail: 'function',
    info,
    apply: `${name}(`,
  }))
  return { from: word.from, options, validFor: /^\w*$/ }
}

/** By their names, where a statement may begin. */
function savedQueries(saved: readonly SavedQuery[]): CompletionSource {
  return (context) => {
    const before = context.state.sliceDoc(0, context.pos)
    const typed = /(?:^|;)\s*([^;]*)$/.exec(before)?.[1] ?? ''
    if (saved.length === 0 || /\s\S+\s/.test(typed) || (typed === '' && !context.explicit)) return null
    const options = saved.map(({ name, sql: text }): Completion => ({
      label: name,
      type: 'text',
      detail: 'saved query',
      info: text.slice(0, 400),
      apply: text,
      boost: -10,
    }))
    return { from: context.pos - typed.length, options, validFor: /^[^;]*$/ }
  }
}

const markError = StateEffect.define<{ readonly from: number; readonly to: number } | undefined>()
const errorMark = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = transaction.docChanged ? Decoration.none : marks
    for (const effect of transaction.effects) {
      if (!effect.is(markError)) continue
      const { value } = effect
      next = value ? Decoration.set(Decoration.mark({ class: 'cm-bad' }).range(value.from, value.to)) : Decoration.none
    }
    return next
  },
  provide: (field) => EditorView.decorations.from(field),
})

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--code-kw)' },
  { tag: [tags.function(tags.name), tags.standard(tags.name), tags.typeName], color: 'var(--code-fn)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--code-str)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--code-num)' },
  { tag: tags.comment, color: 'var(--code-com)' },
])

const look = EditorView.theme({
  '&': { height: '100%', color: 'var(--text)', backgroundColor: 'transparent', fontSize: '12px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '19px', overflow: 'auto' },
  '.cm-content': { padding: '4px 0', caretColor: 'var(--accent)' },
  '.cm-line': { padding: '0 12px 0 4px' },
  '.cm-cursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--text-3)', border: 'none', fontSize: '11px' },
  '.cm-lineNumbers .cm-gutterElement': { minWidth: '32px', padding: '0 8px 0 4px', lineHeight: '19px' },
  '.cm-activeLine': { backgroundColor: 'var(--surface-2)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'var(--select-fill)',
  },
  '.cm-selectionMatch': { backgroundColor: 'var(--surface-3)' },
  '&.cm-focused .cm-matchingBracket': {
    backgroundColor: 'var(--accent-soft)',
    outline: '1px solid var(--accent-line)',
  },
  '.cm-placeholder': { color: 'var(--text-3)' },
  '.cm-bad': { textDecoration: 'underline wavy var(--bad)', textUnderlineOffset: '3px' },
  '.cm-tooltip': {
    backgroundColor: 'var(--overlay)',
    border: 'none',
    borderRadius: '6px',
    boxShadow: 'var(--shadow-2)',
    font: '12px/16px var(--font-ui)',
    color: 'var(--text)',
    zIndex: '20',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--font-ui)', maxHeight: '224px', padding: '4px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': {
    display: 'flex',
    alignItems: 'center',
    height: '22px',
    padding: '0 8px',
    gap: '16px',
    borderRadius: '4px',
  },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent-soft)', color: 'var(--text)' },
  '.cm-completionLabel': { fontFamily: 'var(--font-mono)', fontSize: '11px' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-completionDetail': { marginLeft: 'auto', fontStyle: 'normal', fontSize: '11px', color: 'var(--text-3)' },
  '.cm-completionInfo': { padding: '6px 8px', maxWidth: '320px', whiteSpace: 'pre-wrap', color: 'var(--text-2)' },
  '.cm-panels': { backgroundColor: 'var(--surface-2)', color: 'var(--text)', borderBottom: '1px solid var(--border)' },
  '.cm-panels-top': { borderBottom: '1px solid var(--border)' },
  '.cm-textfield': {
    backgroundColor: 'var(--surface)',
    color: 'var(--text)',
    border: '1px solid var(--border-strong)',
    borderRadius: '4px',
    fontSize: '12px',
  },
  '.cm-button': {
    backgroundImage: 'none',
    backgroundColor: 'var(--surface)',
    color: 'var(--text)',
    border: '1px solid var(--border-strong)',
    borderRadius: '4px',
    fontSize: '12px',
  },
  '.cm-panel.cm-search label': { fontSize: '12px' },
  '.cm-panel.cm-search [name=close]': { color: 'var(--text-2)' },
  '.cm-searchMatch': { backgroundColor: 'var(--warn-soft)', outline: '1px solid var(--warn-fill)' },
})
