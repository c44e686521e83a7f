/** All filesystems of the model. */
import { registry } from '../../base/registry.ts'
import * as all from './all.ts'

export const filesystems = registry('filesystem', Object.values(all))
