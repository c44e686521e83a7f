/** `faultline completion`: the script that completes verbs, options and their values, for one's shell. */

import { unknownId } from '#shared/base/registry.ts'
import { verb } from './verb.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const

export const completion = verb({
  id: 'completion',
  about: 'print the completion script of a shell, to be sourced',
  args: [
    {
      name: '<SHELL>',
      about: 'bash, zsh: source <(faultline completion bash); fish: faultline completion fish | source',
      known: SHELLS,
    },
  ],
  options: {},
  async run(_session, [shell]) {
    const known = SHELLS.find((id) => id === shell)
    if (known === undefined) throw unknownId('shell', shell ?? '', SHELLS)
    // Loaded when asked for: no other verb needs the model's registries to start, and the list of verbs names this one.
    const [{ completionScript }, { verbs }] = await Promise.all([
      import('#electron/reference/completion.ts'),
      import('./index.ts'),
    ])
    process.stdout.write(completionScript(known, verbs.items))
    return 0
  },
})
