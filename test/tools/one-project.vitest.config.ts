/** Every test read in one way, which the caller says: what is measured of sources is by one reading of them. */
import whole from '../../vitest.config.ts'

export default { ...whole, test: { ...whole.test, projects: undefined, include: ['test/**/*.test.ts'] } }
