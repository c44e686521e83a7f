/** The page's style sheet, as far as code reads it: every token on the root element. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export function putTokens(): void {
  const css = readFileSync(join(import.meta.dirname, '../../../renderer/theme/tokens.css'), 'utf8')
  const { style } = document.documentElement
  for (const [, name, value] of css.matchAll(/(--[\w-]+):\s*([^;]+);/g)) {
    if (name && value && style.getPropertyValue(name) === '') style.setProperty(name, value)
  }
}
