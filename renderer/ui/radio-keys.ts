/**
 * Arrow keys in a radio group of buttons: the next one is chosen and gets the keyboard, as in a group of radio inputs. The group
 * listens; only the chosen button is a stop of Tab, which the group says itself.
 */
const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }

export function chooseByArrow(event: KeyboardEvent): void {
  const by = STEPS[event.key]
  if (by === undefined || event.ctrlKey || event.altKey || event.metaKey) return
  const group = event.currentTarget as HTMLElement
  const radios = [...group.querySelectorAll<HTMLElement>('[role=radio]')]
  const at = radios.findIndex((radio) => radio.getAttribute('aria-checked') === 'true')
  const next = radios[(at + by + radios.length) % radios.length]
  next?.focus()
  next?.click()
  event.preventDefault()
}
