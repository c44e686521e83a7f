export { file } from './file.ts'
export { selection } from './selection.ts'
export { view } from './view.ts'
