/**
 * HTML as text, escaped by construction: a template tag that escapes every value that is not itself a piece of HTML. What
 * it makes stands alone: no script, no link to anything, colours for light and dark from the reader's own setting.
 */

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

const STYLE = `
:root { color-scheme: light dark; --bg:#f3f4f7; --surface:#fff; --border:#e0e4e9; --grid:#ebeef2; --text:#1a1f27; --text-2:#47505d; --text-3:#626c7a; --bad:#b32626;
  --run-0:#2563c9; --run-1:#d9730d; --run-2:#12a594; --run-3:#7a2f8f; --run-4:#5b6472 }
@media (prefers-color-scheme: dark) { :root { --bg:#0e1116; --surface:#14181f; --border:#262d38; --grid:#1f252e; --text:#e4e8ee; --text-2:#aeb7c4; --text-3:#8a95a5; --bad:#ff9a95;
  --run-0:#6aa2ff; --run-1:#ff9a45; --run-2:#45dcc8; --run-3:#b070d8; --run-4:#8d97a6 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.55 system-ui, sans-serif }
main { max-width: 1000px; margin: 0 auto; padding: 32px 20px 64px }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px } h2 { font-size: 18px; margin: 36px 0 8px }
p { margin: 8px 0; max-width: 76ch } .dim { color: var(--text-2) } small, caption { color: var(--text-3); font-size: 13px }
section { background: var(--surface); border: 1px solid var(--border); border-radius: 8px; padding: 4px 20px 16px; margin: 20px 0 }
section h2 { margin-top: 16px }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; margin: 8px 0 }
caption { text-align: left; padding: 4px 0 } th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--grid); vertical-align: top }
th { font-size: 13px; color: var(--text-3); font-weight: 600 } .n { text-align: right; white-space: nowrap } tbody th { color: var(--text); font-size: 15px; white-space: nowrap }
.bad { color: var(--bad); font-weight: 600 } .finding { font-size: 16px } ul { padding-left: 20px } li { margin: 4px 0; max-width: 90ch }
svg { display: block; width: 100%; height: auto; margin: 8px 0 } svg text { font: 12px system-ui, sans-serif; fill: var(--text-2) }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 6px }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere }
@media print { body { background: none } section { break-inside: avoid } }
`

export function page(title: string, body: Html): string {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html> `
  return document.text
}

/** Colour of the run in this place. */
export function runColour(place: number): string {
  return `var(--run-${place % 5})`
}

export interface ReportColumn<T> {
  readonly head: string
  readonly cell: (row: T) => string | Html
  /** Numbers stand at the right. */
  readonly number?: boolean
}

/** The first column's cells are the rows' heads. */
export function table<T>(caption: string, rows: readonly T[], columns: readonly ReportColumn<T>[]): Html {
  const kind = ({ number }: ReportColumn<T>) => (number === true ? 'n' : '')
  const head = columns.map((column) => html`<th scope="col" class="${kind(column)}">${column.head}</th>`)
  const body = rows.map((row) => {
    const cells = columns.map((column, i) =>
      i === 0
        ? html`<th scope="row">${column.cell(row)}</th>`
        : html`<td class="${kind(column)}">${column.cell(row)}</td>`,
    )
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
