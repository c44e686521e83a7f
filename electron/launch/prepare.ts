/**
 * What `npm ci` runs last: the command line is built, so that it starts faster (vite.cli.config.ts). Where that fails the
 * installation does not: it is said, and the command line runs from its sources.
 */

import { buildProgram } from './build.ts'

const note = (text: string) => void process.stderr.write(`faultline: ${text}\n`)

try {
  await buildProgram(note)
} catch (error) {
  note(`${error instanceof Error ? error.message : String(error)}; the command line runs from its sources`)
}
