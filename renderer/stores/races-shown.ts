/**
 * The stores of the Races page while it is shown, so that its commands are known from the start (keys, palette, help) without what
 * they act on being loaded with the first view.
 */

import { shallowRef } from 'vue'
import type { useFilmStore } from './races-film.ts'
import type { useRacesStore } from './races.ts'

export interface RacesShown {
  readonly matrix: ReturnType<typeof useRacesStore>
  readonly film: ReturnType<typeof useFilmStore>
}

export const racesShown = shallowRef<RacesShown>()
