/** Words and tones that several panels about races share. */

export type Tone = 'ok' | 'bad' | 'warn' | 'sec' | 'info'

/** Foreign bytes in reach are a kind of their own; what only costs time or space warns. */
export function severityTone(severity: string): Tone {
  if (severity === 'security') return 'sec'
  return severity === 'liveness' || severity === 'resource' || severity === 'policy' ? 'warn' : 'bad'
}

export function outcomeTone(outcome: string, complete: boolean): Tone {
  if (outcome === 'violated') return 'bad'
  if (outcome === 'hazard') return 'warn'
  return outcome === 'held' && complete ? 'ok' : 'info'
}

/** Lock classes as a trace spells them, without what every kernel engineer adds in thought. */
export function lockName(name: string): string {
  return name.replace(/^&(?:\w+->)*(?:s_type->)?/, '').replace(/ \(shared\)$/, '')
}

/** An action with its lock names shortened. */
export function shortAction(action: string): string {
  return action.replace(/&[\w>-]+/g, (name) => lockName(name))
}
