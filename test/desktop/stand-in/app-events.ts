/** The events of `app`, apart from it: windows raise them and `app` closes windows. */
import { EventEmitter } from 'node:events'

export const appEvents = new EventEmitter()
