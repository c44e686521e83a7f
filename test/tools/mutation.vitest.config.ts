/** The tests of one group of mutants, as the mutation run gives them to vitest. */
import whole from '../../vitest.config.ts'
import { chosenGroup } from './groups.ts'

export default { ...whole, test: { ...whole.test, include: [...chosenGroup().tests], testTimeout: 600_000 } }
