/**
 * From what was named to a `.faultline` file: the file itself, or its import. Imports that opening makes are kept in the
 * data directory and found again while the input is unchanged; the command line's go where the user says. Uploads are
 * used up.
 */

import { createHash, randomBytes } from 'node:crypto'
import { rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import type { ImportSummary } from '#shared/contract/files.ts'
import type { Alignment } from '#shared/formats/joined.ts'
import { makeOwnFolder } from './data-dir.ts'
import { isDatabase, type ClientOf, type Located } from './files.ts'
import { importTrace } from './import.ts'
import type { JobContext } from './job-context.ts'
import type { Jobs } from './jobs.ts'
import { stem } from './names.ts'
import { refuseSource } from '../store/draft.ts'
import type { Reader } from './reader.ts'
import { writablePath } from './rights.ts'
import type { Uploads } from './uploads.ts'

export interface Call extends JobContext {
  readonly client: ClientOf
}

/** A `.faultline` file, and what its import said where there was one just now. */
export interface Stored {
  readonly path: string
  readonly imported: ImportSummary | null
}

/** What is imported and how: one trace, or several that become one. */
export interface Inputs {
  readonly located: Located
  readonly more: readonly { readonly located: Located; readonly offsetNs: number }[]
  readonly align: Alignment
  /** Names of kernel functions, for recordings that have none. */
  readonly kallsyms: Located | undefined
  readonly format: string | undefined
}

export interface ImportingOptions {
  /** Where imports are kept. */
  readonly folder: string
  /** Imports of another version of Faultline are not taken for ours. */
  readonly version: string
  readonly uploads: Uploads
  readonly jobs: Jobs
  readonly reader: Reader
}

export class Importing {
  readonly #options: ImportingOptions
  /** Imports under way by the file they make: opening a file twice at once imports it once. */
  readonly #underWay = new Map<string, Promise<unknown>>()

  constructor(options: ImportingOptions) {
    this.#options = options
  }

  async store(inputs: Inputs, call: Call): Promise<Stored> {
    return this.#using(inputs, call, async () => {
      const { located, more } = inputs
      if (more.length === 0 && (await isDatabase(located.path, located.name))) {
        return { path: await this.#keep(located), imported: null }
      }
      await refuseInputs(inputs)
      return this.#importOnce(inputs, call)
    })
  }

  /** Into a file the client names, or beside where it stands. */
  async importTo(
    inputs: Inputs,
    { out, force }: { readonly out?: string | undefined; readonly force: boolean },
    call: Call,
  ): Promise<ImportSummary> {
    return this.#using(inputs, call, async () => {
      const path = writablePath(out ?? `${stem(inputs.located.name)}.faultline`, call.client.rights)
      await refuseInputs(inputs)
      refuseSource(
        path,
        filesOf(inputs).map((one) => one.path),
      )
      return this.#run(inputs, { out: path, force }, call)
    })
  }

  async #using<T>(inputs: Inputs, { client }: Call, use: () => Promise<T>): Promise<T> {
    try {
      return await use()
    } finally {
      for (const { upload } of filesOf(inputs)) {
        if (upload !== undefined) await this.#options.uploads.drop(client, upload)
      }
    }
  }

  async #importOnce(inputs: Inputs, call: Call): Promise<Stored> {
    const path = join(this.#options.folder, `${stem(inputs.located.name)}-${await this.#fingerprint(inputs)}.faultline`)
    const earlier = this.#underWay.get(path)?.catch(() => undefined)
    const mine = Promise.resolve(earlier).then(() => this.#findOrImport(path, inputs, call))
    this.#underWay.set(path, mine)
    try {
      return await mine
    } finally {
      if (this.#underWay.get(path) === mine) this.#underWay.delete(path)
    }
  }

  async #findOrImport(path: string, inputs: Inputs, call: Call): Promise<Stored> {
    if (await exists(path)) return { path, imported: null }
    await makeOwnFolder(this.#options.folder)
    return { path, imported: await this.#run(inputs, { out: path, force: false }, call) }
  }

  #run(
    { located, more, align, kallsyms, format }: Inputs,
    { out, force }: { readonly out: string; readonly force: boolean },
    { signal, onProgress }: JobContext,
  ): Promise<ImportSummary> {
    const joined = more.map(({ located: { path, name }, offsetNs }) => ({ source: path, name, offsetNs }))
    const params = {
      ...{ source: located.path, name: located.name, format, out, force },
      joining: more.length === 0 ? undefined : { more: joined, align },
      kallsyms: kallsyms && { path: kallsyms.path, name: kallsyms.name },
    }
    return this.#options.jobs.watch('import', (job) => importTrace({ ...params, ...job }), { signal, onProgress })
  }

  /** Same input, same name. An upload is never the same again. */
  async #fingerprint(inputs: Inputs): Promise<string> {
    const files = filesOf(inputs)
    if (files.some(({ upload }) => upload !== undefined)) return randomBytes(8).toString('hex')
    const { format = '', align, more } = inputs
    const parts = await Promise.all(
      files.map(async ({ path }) => {
        const { size, mtimeMs } = await stat(path)
        return [path, size, mtimeMs]
      }),
    )
    const how = more.length === 0 ? [] : [align, ...more.map(({ offsetNs }) => offsetNs)]
    const what = [...parts.flat(), format, ...how, this.#options.version].join('\0')
    return createHash('sha256').update(what).digest('hex').slice(0, 16)
  }

  /** An uploaded `.faultline` file becomes one of the data directory's, if it is one. */
  async #keep({ path, name, upload }: Located): Promise<string> {
    if (upload === undefined) return path
    const { folder, reader } = this.#options
    await makeOwnFolder(folder)
    const kept = join(folder, `${stem(name)}-${randomBytes(8).toString('hex')}.faultline`)
    await rename(path, kept)
    try {
      await reader.call('describe', [kept])
      return kept
    } catch (error) {
      await rm(kept, { force: true })
      // What is wrong with it is said of the name its owner knows.
      if (!(error instanceof ApiError)) throw error
      throw new ApiError(error.code, error.message.replaceAll(basename(kept), name), error.hint)
    }
  }
}

function filesOf({ located, more, kallsyms }: Inputs): readonly Located[] {
  return [located, ...more.map((one) => one.located), ...(kallsyms === undefined ? [] : [kallsyms])]
}

/** What would be no trace, or one trace with everything twice. */
async function refuseInputs(inputs: Inputs): Promise<void> {
  await refuseDatabases(inputs)
  await refuseTwice(inputs)
}

async function refuseDatabases({ located, more }: Inputs): Promise<void> {
  for (const { path, name } of [located, ...more.map((one) => one.located)]) {
    if (!(await isDatabase(path, name))) continue
    throw new ApiError('bad-input', `${name} is a database already, not a trace to import`, 'open it as it is')
  }
}

/** One trace under two names is one, too: all it tells would count twice. */
async function refuseTwice({ located, more }: Inputs): Promise<void> {
  if (more.length === 0) return
  const seen = new Set<string>()
  for (const { path, name } of [located, ...more.map((one) => one.located)]) {
    const { dev, ino } = await stat(path, { bigint: true })
    const file = `${dev}:${ino}`
    if (seen.has(file)) throw new ApiError('bad-request', `${name} is there twice`, 'name each trace once')
    seen.add(file)
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
