/**
 * The timeline's calls: parameters as schemas, results as types. Views answer from zoom levels, so their cost follows
 * the screen and not the trace; what has to look at every event (search in arguments) is a job with progress.
 */

import * as z from 'zod'
import { limits } from '../base/limits.ts'
import { SEARCH_KINDS } from '../timeline/answers.ts'
import { ROW_SECTIONS, ROW_SORTS } from '../timeline/types.ts'

const ofTrace = { file: z.string().min(1).max(64), trace: z.int().positive() }
const ns = z.number().nonnegative()

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

export const timelineViewSchema = z
  .object({
    ...ofTrace,
    fromNs: ns,
    toNs: ns,
    /** Pixels the window is wide: device pixels for sharp screens. */
    pixels: z.int().positive().max(limits.timelinePixels),
    rows: z.array(z.string().max(100)).max(limits.timelineRows),
    /** Raw events as ticks, too. */
    ticks: z.boolean().default(true),
    /** Times of slices as they are, for tables. */
    exact: z.boolean().default(false),
  })
  .refine(({ fromNs, toNs }) => fromNs < toNs, { path: ['toNs'], message: 'has to be after fromNs' })

export type * from '../timeline/types.ts'

const spanRef = z.object({
  family: z.enum(['state', 'op', 'phase', 'hold', 'wait', 'run']),
  id: z.int().nonnegative(),
})

export const timelineSpanSchema = z.object({ ...ofTrace, span: spanRef })

export const timelineFlowSchema = z.object({
  ...ofTrace,
  span: spanRef,
  /** Edges further up the chain, too; else only direct ones. */
  whole: z.boolean().default(false),
})

export const timelinePathSchema = z.object({ ...ofTrace, op: z.int().nonnegative() })

export const timelineStepSchema = z.object({
  ...ofTrace,
  row: z.string().max(100),
  /** Only these families; left out: all but `state`. */
  families: z.array(z.enum(['state', 'op', 'phase', 'hold', 'wait', 'run'])).optional(),
  direction: z.enum(['next', 'previous']),
  /** From this span, or from this time: the nearest begin after (before) it. */
  from: z.union([spanRef, z.object({ ns })]),
})

export const timelineStatisticsSchema = z.object({
  ...ofTrace,
  fromNs: ns,
  toNs: ns,
  /** Only what is on these rows; left out: everything. */
  rows: z.array(z.string().max(100)).max(limits.replyRows).optional(),
})

export const timelineSearchSchema = z.object({
  ...ofTrace,
  /** Contained in the name, whatever its case; or all spans of the same kind as this one. */
  find: z.union([
    z.object({ text: z.string().min(1).max(1000), kinds: z.array(z.enum(SEARCH_KINDS)).min(1) }),
    z.object({ like: spanRef }),
  ]),
  /** Of the ticks. */
  fromNs: ns,
  toNs: ns,
  pixels: z.int().positive().max(limits.timelinePixels),
  /** Where to look from: the next hit is the first one from here on, the previous one the last before. */
  atNs: ns.default(0),
  /** A hit by its place among all: the next or previous one is its neighbour, which may share its moment. */
  hit: z.int().nonnegative().max(limits.searchHits).optional(),
  direction: z.enum(['next', 'previous']).default('next'),
  /** How many hits to list. */
  list: z.int().nonnegative().max(limits.replyRows).default(0),
})

export const timelineEventsSchema = z.object({
  ...ofTrace,
  fromNs: ns,
  toNs: ns,
  /** Of a task or a CPU; left out: all. */
  row: z.string().max(100).optional(),
  limit: z.int().positive().max(limits.replyRows).default(1000),
})

export const timelineAnchorSchema = z.object({
  ...ofTrace,
  by: z.enum(['event', 'op', 'phase']),
  name: z.string().max(1000),
  /** From 0; negative ones count from the end. */
  nth: z.int().default(0),
})

export const timelineCutSchema = z.object({ ...ofTrace, fromNs: ns, toNs: ns })

const annotation = {
  kind: z.string().min(1).max(64).default('note'),
  startNs: ns,
  /** Left out or null: a moment. */
  endNs: ns.nullable().default(null),
  text: z.string().max(limits.annotationChars),
}
export const annotationListSchema = z.object(ofTrace)
export const annotationAddSchema = z.object({ ...ofTrace, ...annotation })
export const annotationUpdateSchema = z.object({ ...ofTrace, id: z.int(), ...annotation })
export const annotationRemoveSchema = z.object({ ...ofTrace, id: z.int() })

export type * from '../timeline/answers.ts'
