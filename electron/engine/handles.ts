/**
 * Open files. The same `.faultline` file has one handle however often and by whomever it is opened; a handle ends when
 * the last connection that opened it closes it. A connection that is lost keeps its handles alive, so that a reloaded
 * window goes on where it was; what they hold in memory is bounded by the data thread.
 */

import { randomBytes } from 'node:crypto'
import { ApiError } from '#shared/base/errors.ts'

export interface Handle {
  readonly id: string
  /** Of the `.faultline` file. */
  readonly path: string
  readonly name: string
  /** What the user opened, where that was not the `.faultline` file itself. */
  readonly shownPath: string
  readonly owners: Set<object>
}

export interface Handles {
  open(file: Pick<Handle, 'path' | 'name' | 'shownPath'>, owner: object): Handle
  get(id: string): Handle
  /** The handle, where this was the last owner's. */
  close(id: string, owner: object): Handle | undefined
}

export function createHandles(): Handles {
  const byId = new Map<string, Handle>()

  function get(id: string): Handle {
    const handle = byId.get(id)
    if (handle === undefined) throw new ApiError('not-found', 'the file is not open any more', 'open it again')
    return handle
  }

  return {
    get,
    open(file, owner) {
      let handle = [...byId.values()].find(({ path }) => path === file.path)
      handle ??= { ...file, id: randomBytes(8).toString('hex'), owners: new Set() }
      handle.owners.add(owner)
      byId.set(handle.id, handle)
      return handle
    },
    close(id, owner) {
      const handle = get(id)
      handle.owners.delete(owner)
      if (handle.owners.size > 0) return undefined
      byId.delete(id)
      return handle
    },
  }
}
