/**
 * `faultline name F ADDRESS NAME`: what the lock at an address is called from now on, kept in the file. Without a name it
 * lists the names that were given and the locks that have none, most waited-for first.
 */

import { NAMED_BY_BEHAVIOUR, NAMED_BY_STACKS } from '#shared/model/kinds.ts'
import { ApiError } from '#shared/base/errors.ts'
import { flag, json, traceId } from '../options.ts'
import { columnsOf, plural, print, printable, printJson, printTable } from '../output.ts'
import { verb } from './verb.ts'

const ALL = 10_000
const SHOWN = 20

export const name = verb({
  id: 'name',
  about: 'give a lock a name that is kept in the file, or list which locks have none',
  args: [
    { name: '<F>', about: 'a .faultline file' },
    { name: '[ADDRESS]', about: 'the lock, as the trace spells it (contention --by instance)' },
    { name: '[NAME]', about: 'what it is called' },
  ],
  options: { remove: flag('take the name of ADDRESS away'), trace: traceId, json },
  async run(session, [path, address, word], options) {
    // Blanks are no name.
    const given = word?.trim() === '' ? undefined : word
    if (address === undefined && options.remove) {
      const why = '--remove takes the name of one lock away, and none is named'
      throw new ApiError('bad-request', why, 'faultline name F ADDRESS --remove')
    }
    const open = await session.openTrace(path, options.trace)
    const { file, trace } = open
    if (address === undefined) {
      const { names } = await session.call('locks.names', { file, trace: trace.id })
      const { rows } = await open.analyse('contention', { scope: {}, by: 'instance', top: ALL })
      const unnamed = rows.filter((row) => row.class.startsWith('(unnamed') && row.address !== undefined)
      const guessed = rows.filter((row) => row.namedBy === NAMED_BY_STACKS || row.namedBy === NAMED_BY_BEHAVIOUR)
      if (options.json) {
        const brief = ({ address: at, class: lockClass, mode, contended, waitTotalNs, namedBy }: (typeof rows)[number]) => ({ address: at, class: lockClass, mode, contended, waitTotalNs, namedBy: namedBy ?? null }) // prettier-ignore
        printJson({ trace: trace.id, names, unnamed: unnamed.map(brief), inferred: guessed.map(brief) })
        return 0
      }
      for (const one of names) print(printable(`${one.address} is called ${one.name}`))
      print(
        `${plural(unnamed.length, 'lock')} without a name (modes apart), ${plural(guessed.length, 'lock')} with an inferred one.`,
      )
      const shown = [...unnamed, ...guessed].slice(0, SHOWN)
      if (shown.length === 0) return 0
      const { name: text, count, time } = columnsOf(shown, trace.clockUnit)
      print('')
      printTable([
        text('address', (row) => row.address),
        text('lock class', (row) => row.class),
        text('mode', (row) => row.mode),
        count('contended', (row) => row.contended),
        time('waited', (row) => row.waitTotalNs),
        text('named', (row) => row.namedBy ?? 'not'),
      ])
      return 0
    }
    if ((given === undefined) !== options.remove) {
      throw new ApiError('bad-request', 'a name is wanted, or --remove', 'faultline name F ADDRESS NAME')
    }
    const { locks, names } = await session.call('locks.name', { file, trace: trace.id, address, name: given ?? null })
    if (options.json) printJson({ trace: trace.id, address, name: given ?? null, locks, names })
    else if (given === undefined) print(printable(`${address} has its own name again (${plural(locks, 'lock')})`))
    else print(printable(`${address} is called ${given} (${plural(locks, 'lock')})`))
    return 0
  },
})
