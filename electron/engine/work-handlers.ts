/** Reports, sweeps and recordings as the contract has them: rights are checked here, the work is loaded when it is asked for. */

import type { MethodName } from '#shared/contract/methods.ts'
import type { Handlers, Parts } from './parts.ts'
import { readablePath, writablePath } from './rights.ts'

export type WorkMethod = Extract<MethodName, `report.${string}` | `sweep.${string}` | `record.${string}`>

export function workHandlers(parts: Parts): Pick<Handlers, WorkMethod> {
  const { jobs, version } = parts
  return {
    'record.ability': async (_, { client }) => (await import('./recording.ts')).ability(client),
    'record.run': async (params, call) => (await import('./recording.ts')).run(parts, params, call),
    'record.stop': async (_, { client }) => ({ stopped: (await import('./recording.ts')).stop(client) }),
    'report.compare': async (params, call) => (await import('./report.ts')).report(parts, params, call),
    async 'sweep.plan'({ subject, ...plan }, { client, ...call }) {
      const path = subject.kind === 'trace' ? await readablePath(subject.path, client.rights, undefined) : ''
      const named = subject.kind === 'trace' ? { ...subject, path } : subject
      return jobs.run('sweepPlan', { plan: { ...plan, subject: named }, version }, call)
    },
    'sweep.run': ({ out, workers, ...run }, { client, ...call }) =>
      jobs.run('sweep', { ...run, workers, out: writablePath(out, client.rights), version }, call),
    async 'sweep.merge'({ out, from, ...merge }, { client, ...call }) {
      const folder = await readablePath(from, client.rights, undefined)
      return jobs.run('sweepMerge', { ...merge, from: folder, out: writablePath(out, client.rights) }, call)
    },
  }
}
