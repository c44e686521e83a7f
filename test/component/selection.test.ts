// @vitest-environment happy-dom
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { useFilesStore } from '#renderer/stores/files.ts'
import { useHistoryStore } from '#renderer/stores/history.ts'
import { scopeOf, useSelectionStore, type Selection } from '#renderer/stores/selection.ts'
import { fakeHost, importSummary, inWindow, openedFile } from './support/fake-host.ts'

async function stores() {
  const host = fakeHost({
    'files.open': ({ params }) => ({
      opened: openedFile((params['source'] as { sample: string }).sample),
      imported: importSummary(),
    }),
    'files.recent': () => [],
  })
  const { result } = inWindow(host, () => ({
    files: useFilesStore(),
    selection: useSelectionStore(),
    history: useHistoryStore(),
  }))
  await result.files.open({ kind: 'source', source: { kind: 'sample', sample: 'a' }, name: 'a' })
  return result
}

describe('the selection', () => {
  it('becomes the scope of analyses', async () => {
    const { selection } = await stores()
    selection.select({ range: { fromNs: 10, toNs: 20 }, lockClass: 3, mode: 'shared', wait: 99 })
    expect(selection.scope).toEqual({ fromNs: 10, toNs: 20, lockClass: 3, mode: 'shared' })
    expect(selection.scopeWithout('lockClass', 'mode')).toEqual({ fromNs: 10, toNs: 20 })
  })

  it('is taken away by selecting the same thing again, and only that part of it', async () => {
    const { selection } = await stores()
    selection.select({ task: 7 })
    selection.toggle({ op: 'truncate' })
    selection.toggle({ op: 'truncate' })
    expect(selection.current).toEqual({ task: 7 })
  })

  it('is undone and redone step by step, and a new step ends redo', async () => {
    const { selection, history } = await stores()
    selection.select({ task: 1 })
    selection.select({ task: 2 })
    selection.clear()
    history.undo()
    expect(selection.current).toEqual({ task: 2 })
    history.undo()
    expect(selection.current).toEqual({ task: 1 })
    history.redo()
    expect(selection.current).toEqual({ task: 2 })
    history.undo()
    selection.select({ op: 'write' })
    expect(history.canRedo).toBe(false)
  })

  it('belongs to its file', async () => {
    const { files, selection } = await stores()
    selection.select({ task: 1 })
    await files.open({ kind: 'source', source: { kind: 'sample', sample: 'b' }, name: 'b' })
    expect(selection.isEmpty).toBe(true)
    files.choose('a')
    expect(selection.current).toEqual({ task: 1 })
  })

  it('comes back exactly by undoing as often as it was changed', async () => {
    const { selection, history } = await stores()
    const patch = fc.record(
      {
        task: fc.option(fc.nat(3), { nil: undefined }),
        op: fc.option(fc.constantFrom('read', 'write'), { nil: undefined }),
        lockClass: fc.option(fc.nat(3), { nil: undefined }),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.array(patch, { maxLength: 20 }), (patches) => {
        selection.clear()
        const seen: Selection[] = []
        for (const one of patches) {
          const before = selection.current
          selection.select(one)
          if (selection.current !== before) seen.push(before)
        }
        for (const before of seen.reverse()) {
          history.undo()
          expect(selection.current).toEqual(before)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('has no scope where nothing is selected', () => expect(scopeOf({})).toEqual({}))
})
