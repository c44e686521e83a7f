/** Bars of a terminal chart: eighths of a character, so that close values still differ. Pure text, no colour. */

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar of `share` (0…1) of `width` characters; anything above nothing shows. */
export function bar(share: number, width: number): string {
  if (!(share > 0)) return ''
  const eighths = Math.max(1, Math.round(Math.min(1, share) * width * 8))
  return '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7]
}
