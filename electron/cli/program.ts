/** `faultline` with its words: what the verb is sure to need begins to load before the rest of the command line does. */

import { beginAhead } from './ahead.ts'

const args = process.argv.slice(2)
beginAhead(args)
const { main } = await import('./main.ts')
await main(args)
