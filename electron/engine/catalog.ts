/**
 * What the router needs of the registries of formats and analyses. It is loaded when it is first asked for: an import asks
 * for none of it in this thread, and waits for everything that is loaded before it.
 */

import { analyses } from '#shared/analysis/index.ts'
import type { AppInfo } from '#shared/contract/methods.ts'
import { parseWith } from '#shared/contract/serve.ts'
import { formats } from '#shared/formats/index.ts'

export function listed(): Pick<AppInfo, 'formats' | 'analyses'> {
  return {
    formats: formats.items.map(({ id, title, extensions }) => ({ id, title, extensions })),
    analyses: analyses.items.map(({ id, title, about }) => ({ id, title, about })),
  }
}

/** An analysis's parameters, checked against its own schema with its defaults filled in. */
export function analysisParams(id: string, params: unknown): unknown {
  return parseWith(analyses.get(id).params, params ?? {}, id)
}
