/** Event name to decoder. */
import type { EventFields } from './fields.ts'
import type { SpanBuilder } from './span-builder.ts'

export type Decoder = (spans: SpanBuilder, fields: EventFields) => void

export function decoderFor(name: string): Decoder | undefined {
  return name === '' ? undefined : undefined
}
