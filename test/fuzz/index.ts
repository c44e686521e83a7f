/** Every fuzzer. To add one, put it in a file beside this one and name it here; the smoke test and `npm run fuzz` follow. */

import type { Fuzzer } from './fuzzer.ts'
import { formatFuzzers } from './formats.ts'
import { printFuzzers } from './print-formats.ts'
import { readerFuzzers } from './readers.ts'

export const fuzzers: readonly Fuzzer[] = [...readerFuzzers, ...formatFuzzers, ...printFuzzers]
