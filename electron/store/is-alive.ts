/**
 * Is there a process of this number? One of another user's may not be signalled, and lives all the same. A number is used again
 * after a while: whose process it is now is not told.
 */

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
