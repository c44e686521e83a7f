/**
 * Event name to decoder. A decoder reads its event's payload and tells the span builder what happened; an event without
 * one is only stored. Names come as the tools print them, with or without the subsystem (`lock:lock_acquire`).
 */

import { fileDecoders } from './decode-files.ts'
import { graphDecoders } from './decode-graph.ts'
import { lockDecoders } from './decode-locks.ts'
import { schedDecoders } from './decode-sched.ts'
import { simDecoders } from './decode-sim.ts'
import { syscallDecoder } from './decode-syscalls.ts'
import { sliceDecoders } from './decode-slices.ts'
import type { Decoder } from './decoder.ts'

const decoders: Readonly<Record<string, Decoder>> = {
  ...fileDecoders,
  ...graphDecoders,
  ...schedDecoders,
  ...simDecoders,
}

/** One decoder set per trace: lock decoders remember the payloads they have parsed. */
export function decoderSet(): (name: string) => Decoder | undefined {
  const locks: Readonly<Record<string, Decoder>> = { ...lockDecoders(), ...sliceDecoders() }
  return (printed) => {
    const name = printed.slice(printed.lastIndexOf(':') + 1)
    if (Object.hasOwn(locks, name)) return locks[name]
    if (Object.hasOwn(decoders, name)) return decoders[name]
    return syscallDecoder(name)
  }
}
