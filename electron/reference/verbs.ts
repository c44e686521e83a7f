/** The command line as a page and as a man page: both say what `--help` says, of every verb at once. */

import { verbs } from '#electron/cli/verbs/index.ts'
import type { Verb } from '#electron/cli/verbs/verb.ts'
import { code, escaped, page, table } from './markdown.ts'

export const SUMMARY = 'Who held which lock across what, and who waited'

const STATUS: readonly (readonly [string, string])[] = [
  ['0', 'done'],
  ['1', 'could not do it: bad input, a missing file, not permitted; one line on standard error says what to do'],
  ['2', 'wrong usage'],
  ['3', 'it ran, and what was asked is not so (--expect, check)'],
  ['130', 'interrupted'],
]
const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['FAULTLINE_HOME', 'where recent files, imports of the window and logs are kept'],
  ['NO_COLOR', 'no colours on a terminal'],
]

function flags(name: string, value: string | undefined): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`
}

export function synopsis({ id, args, options }: Verb): string {
  const given = args.map(({ name }) => name).join(' ')
  return `faultline ${id}${Object.keys(options).length > 0 ? ' [options]' : ''}${given === '' ? '' : ` ${given}`}`
}

export function verbsPage(): string {
  const parts = verbs.items.map((verb) => {
    const rows = [
      ...verb.args.map(({ name, about }) => [code(name), escaped(about)]),
      ...Object.entries(verb.options).map(([name, { value, about }]) => [code(flags(name, value)), escaped(about)]),
    ]
    const head = [`## ${verb.id}`, `${escaped(sentence(verb.about))}`, code(synopsis(verb))]
    return [...head, ...(rows.length > 0 ? [table(['', ''], rows)] : [])].join('\n\n')
  })
  const exit = table(['exit status', ''], STATUS)
  return page('The command line', 'the verbs', [exit, ...parts])
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** roff takes a backslash as an escape, and a dot or quote at a line's start as a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')
}

export function manPage(version: string): string {
  const lines = [
    `.TH FAULTLINE 1 "" "Faultline ${version}" "User Commands"`,
    '.SH NAME',
    `faultline \\- ${roff(SUMMARY.toLowerCase())}`,
    '.SH SYNOPSIS',
    '.B faultline',
    '.I verb',
    '[options] [arguments]',
    '.SH DESCRIPTION',
    roff(
      'Faultline reads or records Linux kernel traces of page faults, truncates and hole punches, shows which lock was held across what and who waited for it, replays the same work under other locking strategies, and searches interleavings and power cuts for what goes wrong.',
    ),
    '.SH VERBS',
    ...verbs.items.flatMap(manVerb),
    '.SH EXIT STATUS',
    ...STATUS.flatMap(manItem),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(manItem),
    '.SH SEE ALSO',
    roff('trace-cmd(1), perf(1), trace-cmd.dat(5)'),
  ]
  return `${lines.join('\n')}\n`
}

function manVerb(verb: Verb): string[] {
  return [
    `.SS ${roff(synopsis(verb).replace('faultline ', ''))}`,
    roff(sentence(verb.about)),
    ...verb.args.flatMap(({ name, about }) => manItem([name, about])),
    ...Object.entries(verb.options).flatMap(([name, { value, about }]) => manItem([flags(name, value), about])),
  ]
}

function manItem([name, about]: readonly [string, string]): string[] {
  return ['.TP', `.B ${roff(name)}`, roff(about)]
}
