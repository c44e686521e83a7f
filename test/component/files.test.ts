// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { useFilesStore } from '#renderer/stores/files.ts'
import { useOpening } from '#renderer/stores/opening.ts'
import { useToastStore } from '#renderer/stores/toasts.ts'
import { useViewStore } from '#renderer/stores/view.ts'
import { fakeHost, importSummary, inWindow, openedFile, tick } from './support/fake-host.ts'

const sample = (id: string) => ({ kind: 'source', source: { kind: 'sample', sample: id }, name: id }) as const

type Answers = NonNullable<Parameters<typeof fakeHost>[0]>
type Answer = NonNullable<Answers['files.open']>

function filesWith(answers: Answers) {
  const host = fakeHost({ 'files.recent': () => [], 'files.close': () => null, ...answers })
  return { host, files: inWindow(host, () => useFilesStore()).result }
}

describe('opening and going there', () => {
  function openingWith(answer: Answer) {
    const host = fakeHost({ 'files.recent': () => [], 'files.close': () => null, 'files.open': answer })
    const use = () => ({ opening: useOpening(), view: useViewStore(), files: useFilesStore(), toasts: useToastStore() })
    return inWindow(host, use).result
  }
  const done = { opened: openedFile('a'), imported: importSummary() }

  it('shows the overview of what was opened', async () => {
    const { opening, view } = openingWith(() => Promise.resolve(done))
    await opening.openAll([sample('a')])
    expect(view.page).toBe('overview')
  })

  it('leaves whoever went elsewhere meanwhile where they are', async () => {
    let arrive: (value: typeof done) => void = () => undefined
    const { opening, view, files } = openingWith(() => new Promise((resolve) => (arrive = resolve)))
    const going = opening.openAll([sample('a')])
    await tick()
    view.goTo('races')
    arrive(done)
    await going
    expect([view.page, files.current?.file]).toEqual(['races', 'a'])
  })

  /** `x` is shown, `a` is being opened. */
  async function besideX() {
    const waiting: { answer: (value: typeof done) => void; refuse: (error: Error) => void }[] = []
    const window = openingWith(({ params }) =>
      (params['source'] as { sample: string }).sample === 'x'
        ? { opened: openedFile('x'), imported: null }
        : new Promise((answer, refuse) => waiting.push({ answer, refuse })),
    )
    await window.opening.openAll([sample('x')])
    return { ...window, waiting }
  }

  it('leaves the trace of whoever went elsewhere, and says that the new one is there', async () => {
    const { opening, view, files, toasts, waiting } = await besideX()
    view.goTo('open')
    const going = opening.openAll([sample('a')])
    await tick()
    view.goTo('sql')
    waiting[0]?.answer(done)
    await going
    expect([view.page, files.current?.file, files.tabs.length]).toEqual(['sql', 'x', 2])
    expect(toasts.toasts.map(({ title }) => title)).toEqual(['a.faultline is imported'])
    toasts.toasts[0]?.action?.run()
    expect([view.page, files.current?.file]).toEqual(['overview', 'a'])
  })

  it('takes whoever went back to where it was begun for gone elsewhere', async () => {
    const { opening, view, files, waiting } = await besideX()
    const going = opening.openAll([sample('a')])
    await tick(400)
    expect(view.page).toBe('open')
    view.goTo('overview')
    waiting[0]?.answer(done)
    await going
    expect([view.page, files.current?.file]).toEqual(['overview', 'x'])
  })

  it('does not fetch whoever went elsewhere when the next of several begins', async () => {
    const { opening, view, waiting } = await besideX()
    const going = opening.openAll([sample('a'), sample('b')])
    await tick()
    view.goTo('sql')
    waiting[0]?.answer(done)
    await tick(400)
    expect(view.page).toBe('sql')
    waiting[1]?.answer({ ...done, opened: openedFile('b') })
    await going
    expect(view.page).toBe('sql')
  })

  it('says what failed to whoever went elsewhere, and where a later one is shown instead', async () => {
    const { opening, view, toasts, waiting } = await besideX()
    const going = opening.openAll([sample('a')])
    await tick()
    view.goTo('sql')
    waiting[0]?.refuse(new ApiError('bad-input', 'this is a JPEG'))
    await going
    expect(view.page).toBe('sql')
    expect(toasts.toasts).toMatchObject([
      { level: 'error', title: 'a could not be opened', detail: 'This is a JPEG.', action: { label: 'Show' } },
    ])
    toasts.toasts[0]?.action?.run()
    expect(view.page).toBe('open')
    const several = opening.openAll([sample('b'), sample('c')])
    await tick()
    waiting[1]?.refuse(new ApiError('bad-input', 'this is a PNG'))
    await tick()
    waiting[2]?.answer(done)
    await several
    expect(view.page).toBe('overview')
    expect(toasts.toasts.map(({ title }) => title)).toContain('b could not be opened')
  })

  it('shows what failed on the Open page, without saying it twice; what was cancelled is not said', async () => {
    const { opening, view, files, toasts, waiting } = await besideX()
    const going = opening.openAll([sample('a')])
    await tick()
    waiting[0]?.refuse(new ApiError('bad-input', 'this is a JPEG'))
    await going
    expect([view.page, files.jobs.length, toasts.toasts.length]).toEqual(['open', 1, 0])
    const other = opening.openAll([sample('b')])
    await tick()
    view.goTo('sql')
    files.dismiss(files.jobs.at(-1)?.id ?? 0)
    await other
    expect([view.page, toasts.toasts.length]).toEqual(['sql', 0])
  })
})

describe('opening', () => {
  it('makes a tab of what was opened and chooses it', async () => {
    const { files } = filesWith({ 'files.open': () => ({ opened: openedFile('a'), imported: importSummary() }) })
    await files.open(sample('a'))
    expect(files.current?.file).toBe('a')
    expect(files.current?.imported?.events).toBe(1000)
    expect(files.jobs).toEqual([])
  })

  it('shows progress while it runs', async () => {
    const { host, files } = filesWith({})
    void files.open(sample('a'))
    await tick()
    const progress = { stage: 'parsing', done: 1, total: 4, unit: 'bytes', events: 9, elapsedMs: 5 } as const
    host.of('files.open')[0]?.options.onProgress?.(progress)
    expect(files.jobs[0]?.progress).toEqual(progress)
  })

  it('keeps what failed, with the reason, until it is dismissed', async () => {
    const { files } = filesWith({
      'files.open': () => {
        throw new ApiError('bad-input', 'this is a JPEG', 'open a trace')
      },
    })
    await files.open(sample('picture'))
    expect(files.jobs[0]?.error).toEqual({ code: 'bad-input', message: 'this is a JPEG', hint: 'open a trace' })
    expect(files.tabs).toEqual([])
    files.dismiss(files.jobs[0]?.id ?? 0)
    expect(files.jobs).toEqual([])
  })

  it('leaves nothing behind when it is cancelled', async () => {
    const { host, files } = filesWith({})
    const opening = files.open(sample('a'))
    await tick()
    files.dismiss(files.jobs[0]?.id ?? 0)
    expect(await opening).toBeUndefined()
    expect(host.of('files.open')[0]?.options.signal?.aborted).toBe(true)
    expect(files.jobs).toEqual([])
  })

  it('shows the neighbour when the shown tab is closed', async () => {
    const { files } = filesWith({
      'files.open': ({ params }) => ({
        opened: openedFile((params['source'] as { sample: string }).sample),
        imported: null,
      }),
    })
    for (const id of ['a', 'b', 'c']) await files.open(sample(id))
    files.choose('b')
    await files.close('b')
    expect(files.current?.file).toBe('c')
    await files.close('c')
    expect(files.current?.file).toBe('a')
    await files.close('a')
    expect(files.current).toBeUndefined()
  })

  it('opens again what the engine forgot, after a new connection', async () => {
    let mint = 0
    const { files } = filesWith({
      'files.open': () => ({ opened: openedFile(`token-${++mint}`), imported: null }),
      'trace.info': () => {
        throw new ApiError('not-found', 'no such file')
      },
    })
    await files.open(sample('a'))
    await files.reopen()
    expect(files.tabs.map(({ file }) => file)).toEqual(['token-2'])
    expect(files.current?.file).toBe('token-2')
  })

  it('opens the others again where one is gone', async () => {
    let mint = 0
    let gone = ''
    const { files } = filesWith({
      'files.open': ({ params }) => {
        const { sample: name } = params['source'] as { sample: string }
        if (name === gone) throw new ApiError('not-found', 'no such file')
        return { opened: openedFile(`${name}-${++mint}`), imported: null }
      },
      'trace.info': () => {
        throw new ApiError('not-found', 'the file is not open any more')
      },
    })
    await files.open(sample('a'))
    await files.open(sample('b'))
    gone = 'a'
    await files.reopen()
    expect(files.tabs.map(({ file }) => file)).toEqual(['a-1', 'b-3'])
  })
})

describe('uploading', () => {
  const bytes = new Uint8Array(limits.pieceBytes * 2 + 10).map((_, i) => i % 251)
  const blob = new File([bytes], 'a.trace')

  it('sends the pieces in order, each only when the one before was taken', async () => {
    const received: Uint8Array[] = []
    let under = 0
    let most = 0
    const { host, files } = filesWith({
      'upload.begin': () => ({ upload: 'u1' }),
      'upload.chunk': async ({ params }) => {
        most = Math.max(most, ++under)
        await tick(1)
        under--
        received.push(params['bytes'] as Uint8Array)
        return { received: 0 }
      },
      'files.open': () => ({ opened: openedFile('a'), imported: null }),
    })
    await files.open({ kind: 'blob', blob })
    expect(received.map(({ length }) => length)).toEqual([limits.pieceBytes, limits.pieceBytes, 10])
    expect(Buffer.concat(received).equals(Buffer.from(bytes))).toBe(true)
    expect(most).toBe(1)
    expect(host.of('upload.begin')[0]?.params).toEqual({ name: 'a.trace', bytes: bytes.length })
    expect(host.of('files.open')[0]?.params).toEqual({ source: { kind: 'upload', upload: 'u1' } })
  })

  it('is taken back when a piece is refused, and says why', async () => {
    const { host, files } = filesWith({
      'upload.begin': () => ({ upload: 'u1' }),
      'upload.chunk': () => {
        throw new ApiError('limit', 'the disk is full')
      },
      'upload.cancel': () => null,
    })
    await files.open({ kind: 'blob', blob })
    expect(host.of('upload.cancel')).toHaveLength(1)
    expect(host.of('files.open')).toHaveLength(0)
    expect(files.jobs[0]?.error?.message).toBe('the disk is full')
  })
})
