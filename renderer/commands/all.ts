export { file } from './file.ts'
export { selection } from './selection.ts'
export { sql } from './sql.ts'
export { view } from './view.ts'
