/**
 * Assertions for programming errors. A failed assertion is a bug in Faultline: it ends the job it happens in and is
 * reported as `internal`. Expected failures (bad files, unknown ids) use ApiError; dirty input uses diagnostics.
 */

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`)
}
