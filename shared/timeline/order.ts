/** Puts rows in order: rows that are, the usual case, cost one look; else the runs that are in order are merged. */

export function orderRows(rows: Uint32Array, inOrder: (a: number, b: number) => boolean): void {
  const runs = [0]
  for (let i = 1; i < rows.length; i++) if (!inOrder(rows[i - 1], rows[i])) runs.push(i)
  if (runs.length === 1) return
  let from = rows
  let to: Uint32Array = new Uint32Array(rows.length)
  for (let bounds = runs; bounds.length > 1;) {
    const next: number[] = []
    for (let run = 0; run < bounds.length; run += 2) {
      const middle = bounds[run + 1] ?? rows.length
      const last = bounds[run + 2] ?? rows.length
      next.push(bounds[run])
      let a = bounds[run]
      let b = middle
      for (let at = a; at < last; at++) {
        const first = b >= last || (a < middle && inOrder(from[a], from[b]))
        to[at] = first ? from[a++] : from[b++]
      }
    }
    ;[from, to] = [to, from]
    bounds = next
  }
  if (from !== rows) rows.set(from)
}
