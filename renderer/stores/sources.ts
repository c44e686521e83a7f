/** Sources of files as text, for comparing them and for links: `sample:dax-ext4`. An upload is gone when it was read. */

import type { Source } from '#shared/contract/methods.ts'
import { asRecord } from './kept.ts'

export function sourceText(source: Source): string {
  switch (source.kind) {
    case 'path':
      return `path:${source.path}`
    case 'known':
      return `known:${source.known}`
    case 'sample':
      return `sample:${source.sample}`
    case 'upload':
      return `upload:${source.upload}`
  }
}

export function sourceOfText(text: string): Source | undefined {
  const [kind, rest] = [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)]
  return parseSource({ kind, [kind]: rest })
}

export function parseSource(value: unknown): Source | undefined {
  const { kind, path, known, sample } = asRecord(value)
  if (kind === 'path' && isName(path)) return { kind, path }
  if (kind === 'known' && isName(known)) return { kind, known }
  if (kind === 'sample' && isName(sample)) return { kind, sample }
  return undefined
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 4096
}
