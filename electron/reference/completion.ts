/**
 * Shell completion: verbs, their options and the fixed values of options, from the verbs themselves. Files complete as
 * files. The scripts hold everything they need: pressing Tab starts no program.
 */

import { verbs } from '#electron/cli/verbs/index.ts'
import type { Verb } from '#electron/cli/verbs/verb.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** Values an option or an argument can have, where the verb lists them in its help (`a|b|c`, `a, b (default), c`). */
function values(about: string): readonly string[] {
  const list = /(?:^|: )([a-z0-9-]+(?: \(default\))?(?:(?:\||, )[a-z0-9-]+(?: \(default\))?)+)$/.exec(about)?.[1]
  return list?.replaceAll(' (default)', '').split(/\||, /) ?? []
}

/** What may stand behind a verb; `help` takes one. */
function argumentsOf(): readonly (readonly [verb: string, known: readonly string[]])[] {
  const listed = verbs.items.map(({ id, args }) => [id, args.flatMap(({ about }) => values(about))] as const)
  return [...listed, ['help', verbs.ids] as const].filter(([, known]) => known.length > 0)
}

const optionsOf = ({ options }: Verb): readonly string[] => [...Object.keys(options), 'help'].map((name) => `--${name}`)
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

export function completion(shell: Shell): string {
  switch (shell) {
    case 'bash':
      return bash()
    case 'zsh':
      return `#compdef faultline\nautoload -U +X bashcompinit && bashcompinit\n${bash()}`
    case 'fish':
      return fish()
  }
}

function bash(): string {
  const cases = verbs.items.flatMap((verb) => {
    const fixed = Object.entries(verb.options).flatMap(([name, { about }]) => {
      const known = values(about)
      return known.length === 0 ? [] : [`      ${verb.id}:--${name}) words=${quoted(known.join(' '))} ;;`]
    })
    return fixed
  })
  const options = verbs.items.map((verb) => `      ${verb.id}) words=${quoted(optionsOf(verb).join(' '))} ;;`)
  const second = argumentsOf().map(([id, known]) => `      ${id}) words=${quoted(known.join(' '))} ;;`)
  return `_faultline() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" verb="\${COMP_WORDS[1]}" words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    words=${quoted([...verbs.ids, 'help'].join(' '))}
  elif [[ "$before" == --* ]]; then
    case "$verb:$before" in
${cases.join('\n')}
    esac
  fi
  if [ -z "$words" ] && [[ "$word" == -* ]]; then
    case "$verb" in
${options.join('\n')}
    esac
  elif [ -z "$words" ] && [ "$COMP_CWORD" -eq 2 ]; then
    case "$verb" in
${second.join('\n')}
    esac
  fi
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _faultline faultline
`
}

function fish(): string {
  const lines = verbs.items.flatMap((verb) => [
    `complete -c faultline -n __fish_use_subcommand -a ${verb.id} -d ${quoted(verb.about)}`,
    ...Object.entries(verb.options).map(([name, { value, about }]) => {
      const known = values(about)
      const takes = value === undefined ? '' : known.length > 0 ? ` -x -a ${quoted(known.join(' '))}` : ' -r'
      return `complete -c faultline -n '__fish_seen_subcommand_from ${verb.id}' -l ${name}${takes} -d ${quoted(about)}`
    }),
  ])
  const help = `complete -c faultline -n __fish_use_subcommand -a help -d 'what a verb does'`
  const second = argumentsOf().map(
    ([id, known]) => `complete -c faultline -n '__fish_seen_subcommand_from ${id}' -a ${quoted(known.join(' '))}`,
  )
  return `${[...lines, help, ...second].join('\n')}\n`
}
