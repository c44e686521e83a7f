/** `faultline completion`: the script that completes verbs, options and their values, for one's shell. */

import { completion as script, SHELLS } from '#electron/reference/completion.ts'
import { unknownId } from '#shared/base/registry.ts'
import { verb } from './verb.ts'

export const completion = verb({
  id: 'completion',
  about: 'print the completion script of a shell, to be sourced',
  args: [{ name: '<SHELL>', about: SHELLS.join('|') }],
  options: {},
  run(_session, [shell]) {
    const known = SHELLS.find((id) => id === shell)
    if (known === undefined) throw unknownId('shell', shell ?? '', SHELLS)
    process.stdout.write(script(known))
    return Promise.resolve(0)
  },
})
