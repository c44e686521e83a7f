export { ext2 } from './ext2.ts'
export { ext4 } from './ext4.ts'
export { xfs } from './xfs.ts'
