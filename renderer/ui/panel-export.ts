/**
 * How a chart tells the panel around it that it can be saved as a picture: the chart registers, the panel asks. A panel
 * with several charts saves them below each other, as they stand on the screen.
 */

import { inject, onBeforeUnmount, onMounted, provide, shallowReactive, type InjectionKey } from 'vue'

export interface Exportable {
  /** The chart as pixels, on a transparent ground, at the given scale; undefined before the first drawing. */
  readonly paint: (scale: number) => HTMLCanvasElement | undefined
}

const key: InjectionKey<Set<Exportable>> = Symbol('panel export')

export function providePanelExport(): Set<Exportable> {
  const charts = shallowReactive(new Set<Exportable>())
  provide(key, charts)
  return charts
}

export function useExportable(chart: Exportable): void {
  const charts = inject(key, undefined)
  onMounted(() => charts?.add(chart))
  onBeforeUnmount(() => charts?.delete(chart))
}

export const EXPORT_SCALE = 2

export function toPng(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the picture could not be made'))), 'image/png')
  })
}
