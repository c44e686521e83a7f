// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { nextTick, ref } from 'vue'
import { ApiError } from '#shared/base/errors.ts'
import { useAnalysis } from '#renderer/api/use-analysis.ts'
import { useFilesStore } from '#renderer/stores/files.ts'
import { fakeHost, inWindow, openedFile, tick } from './support/fake-host.ts'

async function using(panels = 1) {
  const host = fakeHost({
    'files.open': ({ params }) => ({
      opened: openedFile((params['source'] as { sample: string }).sample),
      imported: null,
    }),
    'files.recent': () => [],
  })
  const op = ref<string | undefined>('read')
  const { result, app } = inWindow(host, () => ({
    files: useFilesStore(),
    used: Array.from({ length: panels }, () =>
      useAnalysis('latency', () => (op.value === undefined ? undefined : { scope: { op: op.value } })),
    ),
  }))
  await result.files.open({ kind: 'source', source: { kind: 'sample', sample: 'a' }, name: 'a' })
  await nextTick()
  return { host, op, app, ...result, runs: () => host.of('analysis.run') }
}

describe('useAnalysis', () => {
  it('asks with the open trace and is ready when the answer is there', async () => {
    const { used, runs } = await using()
    expect(runs()[0]?.params).toEqual({ file: 'a', trace: 1, id: 'latency', params: { scope: { op: 'read' } } })
    expect(used[0]?.state.value).toBe('loading')
    runs()[0]?.resolve({ rows: ['one'] })
    await tick()
    expect(used[0]?.state.value).toBe('ready')
    expect(used[0]?.data.value).toEqual({ rows: ['one'] })
  })

  it('keeps the old answer until the new one is there, and cancels a question nobody waits for', async () => {
    const { used, runs, op } = await using()
    runs()[0]?.resolve('old')
    await tick()
    op.value = 'write'
    await nextTick()
    op.value = 'fsync'
    await nextTick()
    expect(used[0]?.data.value).toBe('old')
    expect(runs()[1]?.options.signal?.aborted).toBe(true)
    runs()[2]?.resolve('new')
    await tick()
    expect(used[0]?.data.value).toBe('new')
    expect(used[0]?.state.value).toBe('ready')
  })

  it('never lets a late answer replace a newer one', async () => {
    const { used, runs, op } = await using()
    op.value = 'write'
    await nextTick()
    runs()[1]?.resolve('newer')
    await tick()
    runs()[0]?.resolve('late')
    await tick()
    expect(used[0]?.data.value).toBe('newer')
  })

  it('answers a question asked before at once, without asking again', async () => {
    const { used, runs, op } = await using()
    runs()[0]?.resolve('first')
    await tick()
    op.value = 'write'
    await nextTick()
    runs()[1]?.resolve('second')
    await tick()
    op.value = 'read'
    await nextTick()
    expect(used[0]?.data.value).toBe('first')
    expect(used[0]?.state.value).toBe('ready')
    expect(runs()).toHaveLength(2)
  })

  it('asks once for two panels, and cancels only when both are gone', async () => {
    const { runs, app } = await using(2)
    expect(runs()).toHaveLength(1)
    app.unmount()
    expect(runs()[0]?.options.signal?.aborted).toBe(true)
  })

  it('shows an error with what to do, and asks again on retry', async () => {
    const { used, runs } = await using()
    runs()[0]?.reject(new ApiError('limit', 'too many rows', 'choose a smaller range'))
    await tick()
    expect(used[0]?.state.value).toBe('error')
    expect(used[0]?.error.value).toEqual({ code: 'limit', message: 'too many rows', hint: 'choose a smaller range' })
    used[0]?.retry()
    runs()[1]?.resolve('fine')
    await tick()
    expect(used[0]?.state.value).toBe('ready')
    expect(used[0]?.error.value).toBeUndefined()
  })

  it('never shows one file the answer of another', async () => {
    const { used, runs, files } = await using()
    runs()[0]?.resolve('of a')
    await tick()
    await files.open({ kind: 'source', source: { kind: 'sample', sample: 'b' }, name: 'b' })
    expect(used[0]?.data.value).toBeUndefined()
    await nextTick()
    expect(runs()[1]?.params['file']).toBe('b')
  })

  it('asks nothing without parameters', async () => {
    const { used, op, runs } = await using()
    runs()[0]?.resolve('kept')
    await tick()
    op.value = undefined
    await nextTick()
    expect(used[0]?.state.value).toBe('idle')
    expect(used[0]?.data.value).toBe('kept')
  })
})
