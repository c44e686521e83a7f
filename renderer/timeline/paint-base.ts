/**
 * The lower of the two canvases: rows with their slices and names, section heads, grid, ruler, overview strip. It is drawn
 * anew when the window, the rows or the data change; what follows the pointer is on the upper canvas (paint-over.ts).
 */

import type { Tokens } from '../theme/tokens.ts'
import { timeText } from '../ui/format.ts'
import type { RectBatch } from './batch.ts'
import { ENTRY, entriesBetween, foldKey, HEAD_PX, type Layout, type Row } from './layout.ts'
import type { lookTable } from './looks.ts'
import { paintCounter } from './paint-counter.ts'
import { paintOverview } from './paint-overview.ts'
import { addRow, type Label } from './paint-tracks.ts'
import type { Brushes, Palette } from './palette.ts'
import { rulerOf } from './ruler.ts'
import { frameOf, scaleOf, type Frame, type PictureLookup, type Scene } from './scene.ts'
import { fontsOf, type Fonts, type TextMeasure } from './text.ts'
import { xOf, type TimeScale } from './window.ts'

export interface BasePainter {
  readonly ctx: CanvasRenderingContext2D
  readonly tokens: Tokens
  readonly palette: Palette
  readonly brushes: Brushes
  readonly batch: RectBatch
  readonly measure: TextMeasure
  readonly looks: ReturnType<typeof lookTable>
  readonly pictures: PictureLookup
  readonly folded: ReadonlySet<string>
}

interface Painting extends BasePainter {
  readonly scene: Scene
  readonly frame: Frame
  readonly scale: TimeScale
  readonly fonts: Fonts
}

export function paintBase(painter: BasePainter, scene: Scene): void {
  const { ctx, tokens } = painter
  const p: Painting = { ...painter, scene, frame: frameOf(scene), scale: scaleOf(scene), fonts: fontsOf(tokens) }
  ctx.setTransform(scene.density, 0, 0, scene.density, 0, 0)
  ctx.textBaseline = 'alphabetic'
  ctx.fillStyle = tokens.color('surface')
  ctx.fillRect(0, 0, scene.width, scene.height)
  const ruler = rulerOf(scene.window, p.scale.width, scene.clock, scene.moments)
  paintGrid(p, ruler.ticks)
  paintArea(p)
  paintScrolled(p)
  paintPinned(p)
  paintRuler(p, ruler)
  if (scene.showOverview) paintOverview(p, scene, p.fonts)
  ctx.fillStyle = tokens.color('border')
  ctx.fillRect(p.frame.left - 1, 0, 1, p.frame.ruler.bottom)
}

function paintGrid({ ctx, tokens, frame, scale, scene }: Painting, ticks: readonly { readonly ns: number }[]): void {
  ctx.fillStyle = tokens.color('grid')
  for (const { ns } of ticks) ctx.fillRect(Math.round(xOf(scale, ns)), frame.ruler.bottom, 1, scene.height)
}

/** The chosen range, below the slices: it must not change their colours. */
function paintArea({ ctx, tokens, frame, scale, scene }: Painting): void {
  if (scene.area === undefined) return
  const from = Math.max(frame.left, xOf(scale, scene.area.fromNs))
  const to = Math.min(frame.right, xOf(scale, scene.area.toNs))
  if (to <= from) return
  ctx.fillStyle = tokens.color('select-fill')
  ctx.fillRect(from, frame.ruler.top, to - from, scene.height)
}

function paintScrolled(p: Painting): void {
  const { ctx, scene, frame } = p
  const { layout } = scene
  if (layout.length === 0) return
  clipped(ctx, { x: 0, y: frame.rows.top, w: scene.width, h: frame.rows.bottom - frame.rows.top }, () => {
    const { first, end } = entriesBetween(layout, scene.scrollY, scene.scrollY + frame.rows.bottom - frame.rows.top)
    const placed: { row: Row; index: number; top: number }[] = []
    for (let entry = first; entry < end; entry++) {
      const top = frame.rows.top + layout.y[entry] - scene.scrollY
      const ref = layout.ref[entry]
      if (layout.kind[entry] === ENTRY.row) placed.push({ row: layout.rows[ref], index: ref, top })
      else paintHead(p, layout, entry, top)
    }
    paintRows(p, placed)
  })
}

function paintPinned(p: Painting): void {
  const { ctx, scene, frame, tokens } = p
  if (scene.layout.pinned.length === 0) return
  const { top, bottom } = frame.pinned
  clipped(ctx, { x: 0, y: top, w: scene.width, h: bottom - top }, () => {
    paintRows(
      p,
      scene.layout.pinned.map(({ row, y }) => ({ row: scene.layout.rows[row], index: row, top: top + y })),
    )
  })
  ctx.fillStyle = tokens.color('border-strong')
  ctx.fillRect(0, bottom - 1, scene.width, 1)
}

function clipped(
  ctx: CanvasRenderingContext2D,
  box: { readonly x: number; readonly y: number; readonly w: number; readonly h: number },
  paint: () => void,
): void {
  ctx.save()
  ctx.beginPath()
  ctx.rect(box.x, box.y, box.w, box.h)
  ctx.clip()
  paint()
  ctx.restore()
}

function paintHead(p: Painting, layout: Layout, entry: number, top: number): void {
  const { ctx, tokens, scene, fonts, measure } = p
  const kind = layout.kind[entry]
  const ref = layout.ref[entry]
  const section = kind === ENTRY.group ? undefined : layout.sections[ref]
  ctx.fillStyle = tokens.color('surface-2')
  ctx.fillRect(0, top, scene.width, HEAD_PX)
  ctx.fillStyle = tokens.color(kind === ENTRY.section ? 'border' : 'grid')
  ctx.fillRect(0, top, scene.width, 1)
  const baseline = top + 14
  if (kind === ENTRY.more) {
    ctx.fillStyle = tokens.color('text-3')
    ctx.font = fonts.text
    ctx.fillText(section?.more ?? '', 12, baseline)
    return
  }
  const group = kind === ENTRY.group ? layout.groups[ref] : undefined
  const indent = group === undefined ? 12 : 20
  const key = group === undefined ? foldKey(section?.id ?? 'task') : foldKey(group.section, group.key)
  arrow(ctx, { x: indent - 4, y: top + HEAD_PX / 2, open: !p.folded.has(key), color: tokens.color('text-3') })
  ctx.fillStyle = tokens.color('text-2')
  ctx.font = kind === ENTRY.section ? fonts.name : fonts.text
  const title = group?.label ?? section?.title ?? ''
  ctx.fillText(title, indent + 6, baseline)
  const note = group?.note ?? ''
  ctx.fillStyle = tokens.color('text-3')
  const after = indent + 14 + measure.width(title, ctx.font)
  ctx.font = fonts.text
  if (note !== '') ctx.fillText(note, after, baseline)
}

function arrow(
  ctx: CanvasRenderingContext2D,
  at: { readonly x: number; readonly y: number; readonly open: boolean; readonly color: string },
): void {
  const { x, y } = at
  ctx.fillStyle = at.color
  ctx.beginPath()
  if (at.open) {
    ctx.moveTo(x - 3, y - 2)
    ctx.lineTo(x + 3, y - 2)
    ctx.lineTo(x, y + 3)
  } else {
    ctx.moveTo(x - 2, y - 3)
    ctx.lineTo(x + 3, y)
    ctx.lineTo(x - 2, y + 3)
  }
  ctx.fill()
}

interface Placed {
  readonly row: Row
  readonly index: number
  readonly top: number
}

function paintRows(p: Painting, rows: readonly Placed[]): void {
  const { ctx, tokens, scene, frame, brushes } = p
  for (const placed of rows) paintGutter(p, placed)
  const labels: Label[] = []
  const painter = { batch: p.batch, looks: p.looks, labels, pictures: p.pictures }
  const box = { x: frame.left, y: 0, w: frame.right - frame.left + 12, h: scene.height }
  clipped(ctx, box, () => {
    const unknown: Placed[] = []
    for (const placed of rows) {
      if (placed.row.section === 'counter') {
        const picture = p.pictures.sharp(placed.row.id) ?? p.pictures.coarse(placed.row.id)
        const coarse = p.pictures.coarse(placed.row.id)
        if (picture) paintCounter(p, { row: placed.row, top: placed.top, picture, coarse, scale: p.scale }, p.fonts)
      } else if (!addRow(painter, placed.row, placed.top, p.scale)) unknown.push(placed)
    }
    brushes.shift(xOf(p.scale, 0), frame.rows.top - scene.scrollY)
    p.batch.paint(ctx, brushes)
    for (const label of labels) paintLabel(p, label)
    ctx.fillStyle = tokens.color('text-3')
    ctx.font = p.fonts.text
    for (const { top, row } of unknown) ctx.fillText('loading', frame.left + 8, top + row.shape.height / 2 + 4)
  })
}

function paintGutter(p: Painting, { row, index, top }: Placed): void {
  const { ctx, tokens, scene, frame, fonts, measure } = p
  const height = row.shape.height
  const isMarked = scene.marked.has(row.id)
  if (isMarked || index === scene.focusedRow) {
    ctx.globalAlpha = 0.55
    ctx.fillStyle = tokens.color(isMarked ? 'accent-soft' : 'surface-3')
    ctx.fillRect(0, top + 1, isMarked ? scene.width : frame.left - 1, height - 1)
    ctx.globalAlpha = 1
    ctx.fillStyle = tokens.color('accent')
    if (isMarked) ctx.fillRect(0, top + 1, 2, height - 1)
  }
  ctx.fillStyle = tokens.color('grid')
  ctx.fillRect(0, top, scene.width, 1)
  ctx.fillStyle = tokens.color('border')
  ctx.fillRect(frame.left - 1, top, 1, height)
  const two = height >= 40 && row.note !== ''
  const baseline = two ? top + 18 : top + Math.min(height / 2 + 4, 24)
  const right = frame.left - 12
  const detailWidth = row.detail === '' ? 0 : measure.width(row.detail, fonts.text)
  const room = right - 12
  // the name first: the detail goes where both do not fit
  const nameWidth = measure.width(row.label, fonts.name)
  const showDetail = detailWidth > 0 && Math.min(nameWidth, room * 0.6) + detailWidth + 8 <= room
  ctx.fillStyle = tokens.color('text')
  ctx.font = fonts.name
  ctx.fillText(measure.cut(row.label, fonts.name, room - (showDetail ? detailWidth + 8 : 0)), 12, baseline)
  ctx.fillStyle = tokens.color('text-3')
  ctx.font = fonts.text
  if (showDetail) ctx.fillText(row.detail, right - detailWidth, baseline)
  if (two) ctx.fillText(measure.cut(row.note, fonts.text, room), 12, baseline + 16)
}

const PAD = 5

function paintLabel(p: Painting, label: Label): void {
  const long = label.durationNs === undefined ? undefined : timeText(label.durationNs, p.scene.clock)
  switch (label.family) {
    case 'wait':
      return paintBoxed(p, label, { text: long ?? label.text, at: 0.62 })
    case 'hold':
      return label.height >= 14 ? paintBoxed(p, label, { text: label.text, at: 0 }) : undefined
    case 'op':
    case 'run': {
      const texts = long === undefined ? [label.text] : [`${label.text}, ${long}`, label.text]
      return paintPlain(p, label, texts, p.fonts.name)
    }
    case 'phase':
      return paintPlain(p, label, [label.text], p.fonts.small)
    case 'blocking':
    case 'state':
    case 'tick':
    case 'counter':
      return
  }
}

/** The longest text that fits, or none. */
function paintPlain({ ctx, tokens, palette, measure }: Painting, label: Label, texts: readonly string[], font: string) {
  const text = texts.find((candidate) => measure.width(candidate, font) + 2 * PAD <= label.width)
  if (text === undefined || text === '') return
  ctx.font = font
  ctx.fillStyle = tokens.color(palette.look(label.look).ink)
  ctx.fillText(text, label.x + PAD, label.y + label.height / 2 + (label.height >= 13 ? 4 : 3.5))
}

/** On a pattern text needs a ground of its own. */
function paintBoxed(
  { ctx, tokens, measure, fonts }: Painting,
  label: Label,
  { text, at }: { readonly text: string; readonly at: number },
): void {
  const width = measure.width(text, fonts.small) + 8
  if (text === '' || width + 12 > label.width) return
  const x = at === 0 ? label.x + 4 : label.x + Math.min(label.width * at, label.width - width / 2 - 4) - width / 2
  const height = Math.min(12, label.height)
  const y = label.y + (label.height - height) / 2
  ctx.fillStyle = tokens.color('surface')
  ctx.fillRect(x, y, width, height)
  ctx.font = fonts.small
  ctx.fillStyle = tokens.color('text')
  ctx.fillText(text, x + 4, y + height / 2 + 3.5)
}

function paintRuler(p: Painting, ruler: ReturnType<typeof rulerOf>): void {
  const { ctx, tokens, scene, frame, scale, fonts } = p
  const { top, bottom } = frame.ruler
  ctx.fillStyle = tokens.color('surface-2')
  ctx.fillRect(0, top, scene.width, bottom - top)
  if (scene.area !== undefined) {
    const from = Math.max(frame.left, xOf(scale, scene.area.fromNs))
    const to = Math.min(frame.right, xOf(scale, scene.area.toNs))
    ctx.fillStyle = tokens.color('select-fill')
    if (to > from) ctx.fillRect(from, top, to - from, bottom - top)
  }
  ctx.fillStyle = tokens.color('border')
  ctx.fillRect(0, bottom - 1, scene.width, 1)
  ctx.font = fonts.text
  for (const { ns, label } of ruler.ticks) {
    const x = Math.round(xOf(scale, ns))
    ctx.fillStyle = tokens.color('border-strong')
    ctx.fillRect(x, bottom - 6, 1, 5)
    ctx.fillStyle = tokens.color('text-3')
    if (x + 40 < scene.width) ctx.fillText(label, x + 4, bottom - 5)
  }
  ctx.fillStyle = tokens.color('text-3')
  ctx.fillText(ruler.base, 12, bottom - 5)
}
