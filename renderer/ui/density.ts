/**
 * Device pixels per CSS pixel. The browser's zoom and another screen change it while the window is open, the latter without
 * any element changing its size: what is drawn for another density is blurred.
 */

import { readonly, ref, type Ref } from 'vue'

const density = ref(1)
let watched = false

function follow(): void {
  density.value = window.devicePixelRatio || 1
  // A query of one density tells of leaving it, once.
  window.matchMedia(`(resolution: ${density.value}dppx)`).addEventListener('change', follow, { once: true })
}

export function useDensity(): Readonly<Ref<number>> {
  if (!watched) follow()
  watched = true
  return readonly(density)
}
