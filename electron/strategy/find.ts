/**
 * Lets this thread find strategies of the user's own. Imported for its effect wherever strategies are named. Their code runs
 * in worker threads only: elsewhere a strategy is known by what it says of itself.
 */

import { isMainThread } from 'node:worker_threads'
import { findOwn } from '#shared/sim/strategies/own.ts'
import { withoutCode } from '#shared/strategy/define.ts'
import { optionsOf } from './evaluate.ts'
import { shelved } from './shelf.ts'

findOwn((id) =>
  shelved(id, ({ source, plain, hooks }) => (isMainThread ? withoutCode(plain, hooks) : optionsOf(source))),
)
