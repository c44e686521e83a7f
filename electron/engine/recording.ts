/**
 * Recording as the contract has it: who may, into which file, and stopping one that runs. A command is run for hosts on
 * this machine only: the browser could be anybody who has the address.
 */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { ApiError, toWireError } from '#shared/base/errors.ts'
import type { ParsedParams } from '#shared/contract/methods.ts'
import type { RecordAbility, RecordResult } from '#shared/contract/record.ts'
import { setsHere, tracepointsOf } from '../record/events.ts'
import { findTracefs } from '../record/tracefs.ts'
import { makeOwnFolder } from './data-dir.ts'
import type { Parts } from './parts.ts'
import type { Call } from './importing.ts'
import { writablePath, type ClientRights } from './rights.ts'

/** Who asked for a recording that runs, and the word that ends it. */
const running = new Map<object, Set<Int32Array>>()

export function ability({ rights }: { readonly rights: ClientRights }): RecordAbility {
  const commands = rights.local
  try {
    return { problem: null, commands, sets: setsHere(tracepointsOf(findTracefs())) }
  } catch (error) {
    const { message, hint = '' } = toWireError(error)
    return { problem: { message, hint }, commands, sets: [] }
  }
}

export async function run(
  { jobs, files, opening, imports }: Pick<Parts, 'jobs' | 'files' | 'opening' | 'imports'>,
  { out, raw, ...what }: ParsedParams<'record.run'>,
  call: Call,
): Promise<RecordResult> {
  const { client, signal, onProgress } = call
  if (what.command.length > 0 && !client.rights.local) {
    throw new ApiError('permission', 'this page may not run commands', 'record for a time, or use `faultline record`')
  }
  if (what.command.length === 0 && what.seconds === undefined) {
    throw new ApiError('bad-request', 'neither a command nor a time to record', 'give -- COMMAND, or --seconds N')
  }
  const place = out === undefined ? await own(imports) : writablePath(out, client.rights)
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const mine = running.get(client) ?? new Set()
  running.set(client, mine.add(stop))
  try {
    const kept = raw === undefined ? undefined : writablePath(raw, client.rights)
    const done = await jobs.run('record', { what, out: place, raw: kept, stop }, { signal, onProgress })
    const opened = out === undefined ? (await opening.open({ source: files.grant(place) }, call)).opened : null
    return { ...done, opened }
  } finally {
    mine.delete(stop)
    if (mine.size === 0) running.delete(client)
  }
}

/** How many were told to end. */
export function stop(client: object): number {
  const mine = running.get(client) ?? new Set()
  for (const flag of mine) Atomics.store(flag, 0, 1)
  return mine.size
}

async function own(folder: string): Promise<string> {
  await makeOwnFolder(folder)
  return join(folder, `recording-${randomBytes(4).toString('hex')}.faultline`)
}
