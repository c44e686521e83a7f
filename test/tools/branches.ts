/**
 * The branches of several coverage reports (Istanbul's JSON) as one: a branch is taken if any report took it. A branch is known by
 * where it stands, so that reports of different runs fit together; of a file that changed in between only the later reports count.
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

/** `reports`: the oldest first. */
export function branchesOf(reports: readonly Report[]): Branches {
  const all: Branches = new Map()
  for (const report of reports) {
    for (const [file, now] of Object.entries(report)) {
      const branches = placesOf(now)
      const before = all.get(file)
      const same = before?.size === branches.size && [...branches.keys()].every((place) => before.has(place))
      if (same) for (const [place, times] of before) branches.set(place, times + (branches.get(place) ?? 0))
      all.set(file, branches)
    }
  }
  return all
}

function placesOf({ branchMap, b }: FileReport): Map<string, number> {
  const places = new Map<string, number>()
  for (const [id, branch] of Object.entries(branchMap)) {
    for (const [index, { start, end }] of branch.locations.entries()) {
      const place = `${start.line}:${start.column}-${end.line}:${end.column} ${branch.type} ${index}`
      places.set(place, (places.get(place) ?? 0) + (b[id]?.[index] ?? 0))
    }
  }
  return places
}

export function percent({ taken, of }: { readonly taken: number; readonly of: number }): string {
  return `${((100 * taken) / of).toFixed(1).padStart(5)} %  ${taken} of ${of}`
}
