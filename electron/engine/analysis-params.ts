/** An analysis's parameters, checked against its own schema with its defaults filled in. */

import { analyses } from '#shared/analysis/index.ts'
import { parseWith } from '#shared/contract/serve.ts'

export function analysisParams(id: string, params: unknown): unknown {
  return parseWith(analyses.get(id).params, params ?? {}, id)
}
