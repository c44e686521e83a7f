export { underTheMutex } from './sc01-under-the-mutex.ts'
