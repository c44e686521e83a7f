/** Column names of an answer, each once, so that rows can be objects. Nothing is renamed that is not there twice. */

/** A second `id` is `id_2`. */
export function uniqueNames(columns: readonly string[]): string[] {
  const seen = new Map<string, number>()
  return columns.map((name) => {
    const times = (seen.get(name) ?? 0) + 1
    seen.set(name, times)
    return times === 1 ? name : `${name}_${times}`
  })
}
