/**
 * The branches of several coverage reports (Istanbul's JSON) as one: a branch is taken if any report took it. A branch is known by
 * where it stands, so that reports of different runs fit together; a file that changed between two is counted as the later one has it.
 */

interface Place {
  readonly start: { readonly line?: number; readonly column?: number }
  readonly end: { readonly line?: number; readonly column?: number }
}

interface FileReport {
  readonly branchMap: Readonly<Record<string, { readonly type: string; readonly locations: readonly Place[] }>>
  readonly b: Readonly<Record<string, readonly number[]>>
}

export type Report = Readonly<Record<string, FileReport>>
/** By file, then by place: how often it was taken. */
export type Branches = Map<string, Map<string, number>>

export function branchesOf(reports: readonly Report[]): Branches {
  const all: Branches = new Map()
  for (const report of reports) {
    for (const [file, { branchMap, b }] of Object.entries(report)) {
      const known = all.get(file) ?? new Map<string, number>()
      all.set(file, known)
      for (const [id, branch] of Object.entries(branchMap)) {
        for (const [index, { start, end }] of branch.locations.entries()) {
          const place = `${start.line}:${start.column}-${end.line}:${end.column} ${branch.type} ${index}`
          known.set(place, (known.get(place) ?? 0) + (b[id]?.[index] ?? 0))
        }
      }
    }
  }
  return all
}

export function percent({ taken, of }: { readonly taken: number; readonly of: number }): string {
  return `${((100 * taken) / of).toFixed(1).padStart(5)} %  ${taken} of ${of}`
}
