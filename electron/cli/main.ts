/**
 * The command line: words to a verb, its answer to standard output, failures to one line on standard error and an exit
 * status: 0 done, 1 could not do it, 2 wrong usage, 3 what was asked is not so, 130 interrupted.
 * What the verbs are is in verbs/; this file knows none of them.
 */

import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { dataDirAt } from '#electron/engine/data-dir.ts'
import { ApiError, toWireError, type WireError } from '#shared/base/errors.ts'
import { unknownId } from '#shared/base/registry.ts'
import { watchInterrupts } from './interrupts.ts'
import { commanderOption } from './options.ts'
import { printable } from './output.ts'
import { Session } from './session.ts'
import { verbs } from './verbs/index.ts'
import type { Verb } from './verbs/verb.ts'
import manifest from '../../package.json' with { type: 'json' }

const DONE = 0
const COULD_NOT = 1
const WRONG_USAGE = 2

export async function main(args: readonly string[]): Promise<void> {
  const interrupts = watchInterrupts()
  const session = new Session(interrupts.signal)
  const status = await run(args, session).catch((error: unknown) => {
    const early = interrupts.status()
    return early === undefined ? failure(args, error) : endedEarly(args, early, error)
  })
  await session.close()
  await written(process.stdout)
  process.exit(interrupts.status() ?? status)
}

async function run(args: readonly string[], session: Session): Promise<number> {
  let status: number = DONE
  const program = new Command('faultline')
    .description(
      'Who held which lock across what, and who waited: analyses Linux page-fault, truncate and hole-punch traces.',
    )
    .version(manifest.version)
    .helpCommand(false)
    .configureOutput({ writeErr: () => undefined })
    .exitOverride()
  for (const verb of verbs.items) {
    addVerb(program, verb, async (args, options, given) => {
      status = await verb.run(session, args, options, given)
    })
  }
  if (args.length === 0) {
    process.stderr.write(program.helpInformation())
    return WRONG_USAGE
  }
  const asked = args[0] === 'help' ? [...args.slice(1, 2), '--help'] : args
  // Refuses a verb that is not there and names those nearest to it; commander would only say that it is unknown.
  if (!asked[0]?.startsWith('-')) verbs.get(asked[0] ?? '')
  refuseEmpty(asked)
  await program.parseAsync(asked, { from: 'user' })
  return status
}

/** Before anything runs, since it would be a path or a name that nobody meant. Behind `--` the words are a command's own. */
function refuseEmpty(args: readonly string[]): void {
  const end = args.indexOf('--')
  const own = end < 0 ? args : args.slice(0, end)
  const at = own.findIndex((word) => word === '' || /^--[\w-]+=$/.test(word))
  if (at < 0) return
  const place = own[at] === '' ? `the word after ${own[at - 1]} is empty` : `nothing stands after ${own[at]}`
  throw new ApiError('bad-request', place, 'was a variable of the shell not set?')
}

type Action = (
  args: readonly string[],
  options: Readonly<Record<string, unknown>>,
  given: ReadonlySet<string>,
) => Promise<void>

function addVerb(program: Command, verb: Verb, action: Action): void {
  const command = program.command(verb.id).description(verb.about).exitOverride(explainUsage(verb))
  command.configureOutput({ writeErr: () => undefined })
  for (const { name, about } of verb.args) command.argument(name, about)
  for (const [name, spec] of Object.entries(verb.options)) command.addOption(commanderOption(name, spec))
  command.action(async () => {
    const values = command.opts<Record<string, unknown>>()
    const options = Object.fromEntries(
      Object.entries(verb.options).map(([name, spec]) => [name, values[camelCase(name)] ?? spec.fallback]),
    )
    const given = new Set(Object.keys(verb.options).filter((name) => values[camelCase(name)] !== undefined))
    await action(command.args, options, given)
  })
}

/** Commander keeps `--max-rows` as `maxRows`. */
function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** Commander's complaint about a verb's options, with the nearest ones that exist. */
function explainUsage(verb: Verb): (error: CommanderError) => never {
  return (error) => {
    const unknown = /unknown option '([^']+)'/.exec(error.message)?.[1]
    if (error.code !== 'commander.unknownOption' || unknown === undefined) throw error
    const known = [...Object.keys(verb.options), 'help'].map((name) => `--${name}`)
    throw unknownId('option', unknown.replace(/=.*/, ''), known)
  }
}

/** Who ends a run is told what became of it; a reader that has gone away asked for nothing more. */
function endedEarly(args: readonly string[], status: number, error: unknown): number {
  const wire = toWireError(error)
  const told: WireError = { code: 'cancelled', message: 'it was cancelled before it was done' }
  if (status !== DONE) complain(verbOf(args), wire.code === 'cancelled' ? wire : told)
  return status
}

/** Says what went wrong in one line and returns the exit status. */
function failure(args: readonly string[], error: unknown): number {
  if (error instanceof CommanderError) return commanderFailure(args, error)
  const wire = toWireError(error)
  complain(verbOf(args), wire.code === 'internal' ? fault(wire, error) : wire)
  return wire.code === 'bad-request' || wire.code === 'unknown-id' ? WRONG_USAGE : COULD_NOT
}

/** A bug: nothing the user did wrong. What the engine throws is in its log with where it happened. */
function fault({ code, message }: WireError, error: unknown): WireError {
  const where = error instanceof ApiError ? `; ${join(dataDirAt().logs, 'engine.log')} says where` : ''
  return { code, message: `this is a fault of Faultline itself: ${message}`, hint: `please report it${where}` }
}

function commanderFailure(args: readonly string[], error: CommanderError): number {
  // --help and --version: already printed.
  if (error.exitCode === 0) return DONE
  const message = error.message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?')
    .replace(/\.$/, '')
  const verb = verbOf(args)
  const hint = verb === undefined ? 'see `faultline --help`' : `see \`faultline ${verb} --help\``
  complain(verb, { code: 'bad-request', message, hint })
  return WRONG_USAGE
}

function verbOf(args: readonly string[]): string | undefined {
  const given = args.find((arg) => !arg.startsWith('-'))
  return given === undefined ? undefined : verbs.find(given)?.id
}

/** `faultline: WHAT: WHY; what to do` */
function complain(what: string | undefined, { message, hint }: WireError): void {
  const parts = ['faultline', ...(what === undefined ? [] : [what]), message].join(': ')
  const line = hint === undefined ? parts : `${parts}; ${hint}`
  process.stderr.write(`${printable(line.replace(/\s*\n\s*/g, ' '))}\n`)
}

/** Resolves when everything written has been taken by whoever reads it, or the reader is gone. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    // What cannot be written is said a turn later.
    const soon = () => setImmediate(resolve)
    if (stream.writableLength === 0 || stream.destroyed) soon()
    else stream.write('', soon)
  })
}
