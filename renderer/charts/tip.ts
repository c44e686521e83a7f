/** Where a tip stands: beside the pointer, on the side of it that has more room, so that it never leaves the chart. */

import type { Point } from './geometry.ts'

export type TipPlace = Readonly<Partial<Record<'left' | 'right' | 'top' | 'bottom' | 'maxWidth', string>>>

export function tipPlace(at: Point, size: { readonly width: number; readonly height: number }): TipPlace {
  const left = at.x > size.width / 2
  return {
    maxWidth: `${Math.max(120, (left ? at.x : size.width - at.x) - 20)}px`,
    ...(left ? { right: `${size.width - at.x + 12}px` } : { left: `${at.x + 12}px` }),
    ...(at.y > size.height / 2 ? { bottom: `${size.height - at.y + 12}px` } : { top: `${at.y + 14}px` }),
  }
}
