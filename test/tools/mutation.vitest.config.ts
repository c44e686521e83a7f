/** The tests of one group of mutants, as the mutation run gives them to vitest. */
import { chosenGroup } from './groups.ts'
import one from './one-project.vitest.config.ts'

export default { ...one, test: { ...one.test, include: [...chosenGroup().tests], testTimeout: 600_000 } }
