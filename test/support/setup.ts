/**
 * Runs before every test file: property tests draw from one fixed seed, so that a red run is red again. FAULTLINE_SEED
 * takes another seed (a number, or `random` to search).
 */
import fc from 'fast-check'

const wanted = process.env['FAULTLINE_SEED'] ?? '20261121'
if (wanted !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) })
