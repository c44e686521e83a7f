/**
 * What the window asks to have kept across restarts, in <data>/window.json: one JSON value per key. The engine does not
 * look into the values, it only bounds their size. A file that cannot be read counts as empty and is written anew.
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { KEPT_KEYS, type KeptKey } from '#shared/contract/methods.ts'
import { writeWhole } from './data-dir.ts'

const schema = z.partialRecord(z.enum(KEPT_KEYS), z.unknown())
export type KeptValues = z.infer<typeof schema>

export interface Kept {
  read(): Promise<KeptValues>
  write(key: KeptKey, value: unknown): Promise<void>
}

export function createKept(folder: string): Kept {
  const path = join(folder, 'window.json')
  let tail: Promise<unknown> = Promise.resolve()

  async function read(): Promise<KeptValues> {
    try {
      return schema.parse(JSON.parse(await readFile(path, 'utf8')))
    } catch {
      return {}
    }
  }
  return {
    read,
    write(key, value) {
      const text = JSON.stringify(value) as string | undefined
      if (text !== undefined && text.length > limits.keptBytes) {
        throw new ApiError('limit', `${key}: more than ${limits.keptBytes} bytes are not kept`, 'keep less')
      }
      const done = tail.then(async () => {
        await writeWhole(path, `${JSON.stringify({ ...(await read()), [key]: value })}\n`)
      })
      tail = done.catch(() => undefined)
      return done
    },
  }
}
