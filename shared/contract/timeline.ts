/**
 * The timeline's calls: parameters as schemas, results as types. Views answer from zoom levels, so their cost follows
 * the screen and not the trace; what has to look at every event (search in arguments) is a job with progress.
 */

import * as z from 'zod'
import { limits } from '../base/limits.ts'
import { ROW_SECTIONS } from '../timeline/types.ts'

const ofTrace = { file: z.string().min(1).max(64), trace: z.int().positive() }
const ns = z.number().nonnegative()

export const ROW_SORTS = ['natural', 'name', 'busy', 'held', 'waited', 'first'] as const
export type RowSort = (typeof ROW_SORTS)[number]

export const timelineRowsSchema = z.object({
  ...ofTrace,
  section: z.enum(ROW_SECTIONS),
  /** Only rows whose label, detail or group contains this, whatever its case. */
  text: z.string().max(1000).default(''),
  /** Only this group. */
  group: z.string().max(1000).optional(),
  /** Rows on which nothing happens, too. */
  idle: z.boolean().default(false),
  /** Groups and rows in groups, by this; largest first for times. */
  sort: z.enum(ROW_SORTS).default('natural'),
  offset: z.int().nonnegative().default(0),
  limit: z.int().positive().max(limits.replyRows).default(1000),
  /** Exactly these rows (of this section), in this order; the other filters are not looked at. */
  ids: z.array(z.string().max(100)).max(limits.replyRows).optional(),
})

export const timelineViewSchema = z.object({
  ...ofTrace,
  fromNs: ns,
  toNs: ns,
  /** Pixels the window is wide: device pixels for sharp screens. */
  pixels: z.int().positive().max(limits.timelinePixels),
  rows: z.array(z.string().max(100)).max(limits.timelineRows),
  /** Raw events as ticks, too. */
  ticks: z.boolean().default(true),
})

export type * from '../timeline/types.ts'
