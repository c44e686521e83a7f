/**
 * From what was named to a `.faultline` file: the file itself, or its import. Imports that opening makes are kept in the
 * data directory and found again while the input is unchanged; the command line's go where the user says. Uploads are
 * used up.
 */

import { createHash, randomBytes } from 'node:crypto'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import type { ImportSummary } from '#shared/contract/methods.ts'
import { isDatabase, type ClientOf, type Located } from './files.ts'
import type { JobContext, Jobs } from './jobs.ts'
import { stem } from './names.ts'
import type { Joining } from './import-messages.ts'
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

  async store(located: Located, format: string | undefined, call: Call): Promise<Stored> {
    return this.#using(located, call, async () => {
      if (await isDatabase(located.path, located.name)) return { path: await this.#keep(located), imported: null }
      return this.#importOnce(located, format, call)
    })
  }

  /** Into a file the client names, or beside where it stands. */
  async importTo(
    located: Located,
    {
      format,
      out,
      force,
      joining,
    }: {
      readonly format?: string | undefined
      readonly out?: string | undefined
      readonly force: boolean
      readonly joining?: Joining | undefined
    },
    call: Call,
  ): Promise<ImportSummary> {
    return this.#using(located, call, async () => {
      const path = writablePath(out ?? `${stem(located.name)}.faultline`, call.client.rights)
      if (await isDatabase(located.path, located.name)) {
        throw new ApiError(
          'bad-input',
          `${located.name} is a database already, not a trace to import`,
          'open it as it is',
        )
      }
      return this.#run({ located, format, out: path, force, joining }, call)
    })
  }

  async #using<T>({ upload }: Located, { client }: Call, use: () => Promise<T>): Promise<T> {
    try {
      return await use()
    } finally {
      if (upload !== undefined) await this.#options.uploads.drop(client, upload)
    }
  }

  async #importOnce(located: Located, format: string | undefined, call: Call): Promise<Stored> {
    const path = join(
      this.#options.folder,
      `${stem(located.name)}-${await this.#fingerprint(located, format)}.faultline`,
    )
    const earlier = this.#underWay.get(path)?.catch(() => undefined)
    const mine = Promise.resolve(earlier).then(() => this.#findOrImport(path, located, format, call))
    this.#underWay.set(path, mine)
    try {
      return await mine
    } finally {
      if (this.#underWay.get(path) === mine) this.#underWay.delete(path)
    }
  }

  async #findOrImport(path: string, located: Located, format: string | undefined, call: Call): Promise<Stored> {
    if (await exists(path)) return { path, imported: null }
    await mkdir(this.#options.folder, { recursive: true })
    return { path, imported: await this.#run({ located, format, out: path, force: false }, call) }
  }

  #run(
    {
      located,
      format,
      out,
      force,
      joining,
    }: {
      located: Located
      format: string | undefined
      out: string
      force: boolean
      joining?: Joining | undefined
    },
    { signal, onProgress }: JobContext,
  ): Promise<ImportSummary> {
    const params = { source: located.path, name: located.name, format, out, force, joining }
    return this.#options.jobs.run('import', params, { signal, onProgress })
  }

  /** Same input, same name. An upload is never the same again. */
  async #fingerprint({ path, upload }: Located, format = ''): Promise<string> {
    if (upload !== undefined) return randomBytes(8).toString('hex')
    const { size, mtimeMs } = await stat(path)
    const what = [path, size, mtimeMs, format, this.#options.version].join('\0')
    return createHash('sha256').update(what).digest('hex').slice(0, 16)
  }

  /** An uploaded `.faultline` file becomes one of the data directory's, if it is one. */
  async #keep({ path, name, upload }: Located): Promise<string> {
    if (upload === undefined) return path
    const { folder, reader } = this.#options
    await mkdir(folder, { recursive: true })
    const kept = join(folder, `${stem(name)}-${randomBytes(8).toString('hex')}.faultline`)
    await rename(path, kept)
    try {
      await reader.call('describe', [kept])
      return kept
    } catch (error) {
      await rm(kept, { force: true })
      throw error
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
