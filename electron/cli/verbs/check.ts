/** `faultline check`: is a .faultline file whole? Exit status 3 and the findings when it is not. */

import { json } from '../options.ts'
import { print, printable, printJson } from '../output.ts'
import { faultlineFile, naming } from '../session.ts'
import { verb } from './verb.ts'

export const check = verb({
  id: 'check',
  about: 'check the integrity of a .faultline file',
  args: [{ name: '<F>', about: 'a .faultline file' }],
  options: { json },
  async run(session, [path], options) {
    const source = await faultlineFile(path)
    const { ok, findings } = await session.call('files.check', { source }).catch(naming(path))
    if (options.json) printJson({ file: path, ok, findings })
    else {
      for (const { code, message } of findings) print(printable(`${code}: ${message}`))
      print(printable(ok ? `${path} is whole` : `${path} is damaged`))
    }
    return ok ? 0 : 3
  },
})
