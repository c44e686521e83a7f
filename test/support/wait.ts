/**
 * How long tests wait for what must come, ms. It is there against what hangs: a machine may stand still for a minute, and
 * that is no mistake of what is tested. Tests give no times of their own; how long things may take is for test/bench to say.
 */
export const WAIT_MS = 280_000
