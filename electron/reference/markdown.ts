/** Markdown of tables and texts, with whatever stands in them kept from being markup. */

export function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
}

export const code = (text: string): string => `\`${text}\``

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** A generated page: its title, where it comes from, its parts. */
export function page(title: string, from: string, parts: readonly string[]): string {
  return (
    [`# ${title}`, `Generated from ${from} by ${code('npm run docs')}.`, ...parts, ''].join('\n\n').trimEnd() + '\n'
  )
}
