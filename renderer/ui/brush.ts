/** A range on an axis, in whatever the axis counts. */
export interface BrushRange {
  readonly from: number
  readonly to: number
}

/** The axis a range is chosen on: its ends, what it is, and a range in words. */
export interface BrushAxis {
  readonly min: number
  readonly max: number
  readonly label: string
  readonly text: (range: BrushRange) => string
}
