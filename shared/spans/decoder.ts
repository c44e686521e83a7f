/** What a decoder is: it reads its event's payload and tells the span builder what happened. */

import type { EventFields } from './fields.ts'
import type { SpanBuilder } from './span-builder.ts'

export type Decoder = (spans: SpanBuilder, fields: EventFields) => void
