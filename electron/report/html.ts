/**
 * HTML as text, escaped by construction: a template tag that escapes every value that is not itself a piece of HTML. A page
 * made here stands alone: nothing is loaded from anywhere, and its policy lets run only the one script and the one style
 * sheet it carries, by their hashes. Colours for light and dark follow the reader's own setting.
 */

import { createHash } from 'node:crypto'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Value = Html | readonly Html[] | string | number

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(value: Value): string {
  if (value instanceof Html) return value.text
  if (typeof value === 'object') return value.map(({ text }) => text).join('')
  // Control characters have no place in HTML; what a name smuggled in is shown as a replacement.
  return String(value)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"']/g, (c) => ENTITIES[c])
}

export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(parts.reduce((out, part, i) => out + escaped(values[i - 1]) + part))
}

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
const POLICY = `default-src 'none'; script-src ${hash(SCRIPT)}; style-src ${hash(STYLE)}; base-uri 'none'; form-action 'none'`

/** Not a template: a formatter's line break inside would be another text with another hash. */
function element(name: 'style' | 'script', text: string): Html {
  return new Html(`<${name}>${text}</${name}>`)
}

export function page(title: string, body: Html): string {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${element('style', STYLE)}
      </head>
      <body>
        <main>${body}</main>
        ${element('script', SCRIPT)}
      </body>
    </html> `
  return document.text
}

/** Runs past the fifth have the colours again, with other dashes. */
export function runColour(place: number): string {
  return `var(--run-${place % 5})`
}

/** A square of the run's colour, as a class: the policy lets no style attribute through. */
export function swatch(place: number): Html {
  return html`<span class="swatch r${place % 5}"></span>`
}

export interface ReportColumn<T> {
  readonly head: string
  readonly cell: (row: T) => string | Html
  /** Numbers stand at the right. */
  readonly number?: boolean
  /** What sorting goes by; left out, the cell's text. Unknown sorts last. */
  readonly by?: (row: T) => number | null | undefined
}

/** The first column's cells are the rows' heads. */
export function table<T>(caption: string, rows: readonly T[], columns: readonly ReportColumn<T>[]): Html {
  const kind = ({ number }: ReportColumn<T>) => (number === true ? 'n' : '')
  const head = columns.map((column) => html`<th scope="col" class="${kind(column)}">${column.head}</th>`)
  const body = rows.map((row) => {
    const cells = columns.map((column, i) => {
      const key = column.by === undefined ? html`` : html` data-v="${column.by(row) ?? ''}"`
      return i === 0
        ? html`<th scope="row" ${key}>${column.cell(row)}</th>`
        : html`<td class="${kind(column)}" ${key}>${column.cell(row)}</td>`
    })
    return html`<tr>
      ${cells}
    </tr> `
  })
  return html`<div class="scroll">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`
}

export function section(head: string, ...parts: readonly Html[]): Html {
  return html`<section>
    <h2>${head}</h2>
    ${parts}
  </section> `
}
