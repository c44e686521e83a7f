/** Counters: values over time that follow from a trace. */

export const COUNTERS: readonly string[] = []
