/** What a CanvasChart draws: in CSS pixels, with the tokens of the theme that is on. */

import type { Tokens } from '../theme/tokens.ts'

export type Draw = (ctx: CanvasRenderingContext2D, width: number, height: number, tokens: Tokens) => void
