/**
 * Shell completion: verbs, their options and the values these can have, from the verbs themselves and from the registries
 * their ids are of. The scripts hold everything they need: pressing Tab starts no program. Whatever else there may be is
 * completed as a file.
 */

import type { SHELLS } from '#electron/cli/verbs/completion.ts'
import type { Verb } from '#electron/cli/verbs/verb.ts'
import { formats } from '#shared/formats/index.ts'
import { races } from '#shared/races/index.ts'
import { filesystems } from '#shared/sim/fs/index.ts'
import { scenarios } from '#shared/sim/scenarios/index.ts'
import { strategies } from '#shared/sim/strategies/index.ts'

type Shell = (typeof SHELLS)[number]

/** Ids the engine knows, by the options and arguments that take them: the command line passes them on unread. */
const IDS: Readonly<Record<string, readonly string[]>> = {
  strategy: strategies.ids,
  baseline: strategies.ids,
  scenario: scenarios.ids,
  fs: filesystems.ids,
  race: races.ids,
  format: formats.ids,
}

interface Words {
  readonly id: string
  readonly about: string
  readonly options: readonly {
    readonly name: string
    readonly about: string
    readonly takesValue: boolean
    readonly known: readonly string[]
    /** A file may stand there as well. */
    readonly orFile: boolean
  }[]
  /** What its first argument can be. */
  readonly first: readonly string[]
}

function wordsOf({ id, about, args, options }: Verb): Words {
  const listed = Object.entries(options).map(([name, option]) => ({
    name,
    about: option.about,
    takesValue: option.value !== undefined,
    known: option.known ?? IDS[name] ?? [],
    orFile: option.known === undefined,
  }))
  const help = { name: 'help', about: 'what it does and takes', takesValue: false, known: [], orFile: false }
  const first = args.slice(0, 1).flatMap(({ name, known }) => known ?? IDS[name.replace(/\W/g, '').toLowerCase()] ?? [])
  return { id, about, options: [...listed, help], first }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

export function completionScript(shell: Shell, verbs: readonly Verb[]): string {
  const help: Words = { id: 'help', about: 'what a verb does and takes', options: [], first: verbs.map(({ id }) => id) }
  const all = [...verbs.map(wordsOf), help]
  switch (shell) {
    case 'bash':
      return bash(all)
    case 'zsh':
      return `autoload -Uz compinit bashcompinit
(( $+functions[compdef] )) || compinit
bashcompinit
${bash(all)}`
    case 'fish':
      return fish(all)
  }
}

function bash(verbs: readonly Words[]): string {
  const known = ([pattern, words]: readonly [string, readonly string[]]): string[] =>
    words.length === 0 ? [] : [`      ${pattern}) words=${quoted(words.join(' '))} ;;`]
  const values = verbs.flatMap(({ id, options }) =>
    options.flatMap((option) => known([`${id}:--${option.name}`, option.known])),
  )
  const options = verbs.flatMap((verb) => known([verb.id, verb.options.map(({ name }) => `--${name}`)]))
  const first = verbs.flatMap(({ id, first }) => known([id, first]))
  return `_faultline() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" verb="\${COMP_WORDS[1]}" words=''
  # bash takes --by=phase for three words.
  if [ "$word" = '=' ]; then
    word=''
  elif [ "$before" = '=' ]; then
    before="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  if [ "$COMP_CWORD" -eq 1 ]; then
    words=${quoted(verbs.map(({ id }) => id).join(' '))}
  elif [[ "$before" == --* ]]; then
    case "$verb:$before" in
${values.join('\n')}
    esac
  fi
  if [ -z "$words" ] && [[ "$word" == -* ]]; then
    case "$verb" in
${options.join('\n')}
    esac
  elif [ -z "$words" ] && [ "$COMP_CWORD" -eq 2 ]; then
    case "$verb" in
${first.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _faultline faultline
`
}

function fish(verbs: readonly Words[]): string {
  const lines = verbs.flatMap(({ id, about, options, first }) => [
    `complete -c faultline -n __fish_use_subcommand -f -a ${id} -d ${quoted(about)}`,
    ...options.map(({ name, about: says, takesValue, known, orFile }) => {
      const values = known.length > 0 ? ` -a ${quoted(known.join(' '))}` : ''
      const takes = takesValue ? `${orFile ? ' -r' : ' -x'}${values}` : ''
      return `complete -c faultline -n '__fish_seen_subcommand_from ${id}' -l ${name}${takes} -d ${quoted(says)}`
    }),
    ...(first.length === 0
      ? []
      : [`complete -c faultline -n '__fish_seen_subcommand_from ${id}' -f -a ${quoted(first.join(' '))}`]),
  ])
  return `${lines.join('\n')}\n`
}
