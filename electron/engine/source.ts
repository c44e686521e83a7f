/**
 * Input of an import as a stream of plain bytes: a file or a part of one, standard input (`-`) or bytes at hand, gzip and zstd undone by
 * their magic numbers whatever the name, and text with a byte-order mark made UTF-8 without one. Reading a pipe runs one
 * chunk ahead of parsing and never further, so memory does not grow with the file. A compressed file that is cut or spoilt
 * gives what could be decoded, and says so in `diagnostics`; only what cannot be read at all is an ApiError, with the
 * file's name.
 */

import { close, constants, fstat, open, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { TRAILING_BYTES, TRUNCATED_COMPRESSION } from '#shared/model/diagnostics.ts'
import { COMPRESSION_BYTES, compressionOf } from '#shared/formats/foreign.ts'
import { Damage, decompress } from './decompress.ts'
import { asUtf8, MARK_BYTES, textMark } from './transcode.ts'

export interface SourceDiagnostic {
  readonly severity: 'warning'
  readonly code: string
  readonly message: string
}

/** Bytes [from, to) of a file. */
export interface FilePart {
  readonly path: string
  readonly from: number
  readonly to: number
}

export interface Input {
  /** The first plain bytes, up to limits.sniffBytes; `chunks` gives them too. */
  readonly head: Uint8Array
  /** To be taken once. A chunk is valid until the next is asked for. */
  readonly chunks: AsyncIterable<Uint8Array>
  /** Bytes of the input read so far, compressed if it is. */
  readonly bytesRead: number
  /** Bytes of the whole input, where that is known before its end. */
  readonly totalBytes: number | undefined
  readonly diagnostics: readonly SourceDiagnostic[]
  /** The file or bytes that can be read in any order; undefined for pipes and what had to be decoded. */
  readonly plain: string | Uint8Array | undefined
  /** It was text by its byte-order mark. */
  readonly marked: boolean
  /** Lets go of the file; also happens at the end of `chunks`, and when its loop is left. */
  close(): Promise<void>
}

/** Bytes per read of a plain and of a compressed file. */
const PLAIN = 512 * 1024
const PACKED = 64 * 1024
/** Milliseconds between looks at an input that is open but has nothing yet. */
const IDLE_MS = 10
/** Neither for a writer nor for data: a thread that stands still in `open` or `read` cannot be ended. Windows has no such files. */
const WITHOUT_WAITING = (constants as { readonly O_NONBLOCK?: number }).O_NONBLOCK ?? 0

interface Opened {
  /** The system reads ahead of us: waiting for another thread to fetch what it has takes longer than to fetch it. */
  readonly atOnce: boolean
  /** Reads into the buffer; 0 at the end. */
  readonly fill: (into: Buffer) => Promise<number>
  readonly total: number | undefined
  readonly close: () => Promise<void>
}

/** `source`: a path, `-`, a part of a file, or the bytes themselves. `name` is what errors call it. */
export async function openSource(source: string | FilePart | Uint8Array, name: string): Promise<Input> {
  const opened = await openAny(source, name)
  const seekable = typeof source === 'string' || source instanceof Uint8Array ? source : undefined
  const state = { bytesRead: 0, diagnostics: [] as SourceDiagnostic[] }
  try {
    const raw = readAhead(opened, name, state)
    const first = await firstBytes(raw, COMPRESSION_BYTES)
    const compression = compressionOf(first.bytes)
    const joined = joinedAgain(first, raw)
    const plain = compression === undefined ? joined : undamaged(decompress(joined, compression), name, state)
    const begin = await firstBytes(plain, MARK_BYTES)
    const mark = textMark(begin.bytes)
    const whole = joinedAgain(begin, plain)
    const text = mark === undefined ? whole : asUtf8(whole, mark)
    const head = await firstBytes(text, limits.sniffBytes)
    return {
      head: head.bytes.subarray(0, limits.sniffBytes),
      chunks: closing(joinedAgain(head, text), opened),
      get bytesRead() {
        return state.bytesRead
      },
      totalBytes: opened.total,
      plain: compression === undefined && mark === undefined && opened.total !== undefined ? seekable : undefined,
      marked: mark !== undefined,
      diagnostics: state.diagnostics,
      close: opened.close,
    }
  } catch (thrown) {
    await opened.close()
    throw thrown
  }
}

function openAny(source: string | FilePart | Uint8Array, name: string): Promise<Opened> | Opened {
  if (source instanceof Uint8Array) return openBytes(source)
  return typeof source === 'string' ? openPath(source, name) : openPart(source, name)
}

const [openFd, statFd, readFd, closeFd] = [promisify(open), promisify(fstat), promisify(read), promisify(close)]

async function openPath(path: string, name: string): Promise<Opened> {
  if (path === '-') return openStdin()
  let fd: number
  try {
    fd = await openFd(path, constants.O_RDONLY | WITHOUT_WAITING)
  } catch (thrown) {
    throw fileError(thrown, name)
  }
  const stat = await statFd(fd)
  if (stat.isDirectory()) {
    await closeFd(fd)
    throw directory(name)
  }
  if (stat.isFIFO()) return openPipe(fd)
  // Files of tracefs and procfs say 0 and are not empty; trace_pipe waits for events, and must not keep the thread.
  const regular = stat.isFile() && stat.size > 0
  return {
    atOnce: regular,
    fill: async (into) => (regular ? readSync(fd, into, 0, into.length, null) : readThere(fd, into)),
    total: regular ? stat.size : undefined,
    close: closer(fd),
  }
}

async function openPart({ path, from, to }: FilePart, name: string): Promise<Opened> {
  const fd = await openFd(path, constants.O_RDONLY).catch((thrown: unknown) => {
    throw fileError(thrown, name)
  })
  let at = from
  return {
    atOnce: true,
    fill(into) {
      const length = readSync(fd, into, 0, Math.min(into.length, to - at), at)
      at += length
      return Promise.resolve(length)
    },
    total: to - from,
    close: closer(fd),
  }
}

function openStdin(): Opened {
  return {
    atOnce: false,
    fill: (into) => readThere(0, into),
    total: undefined,
    close: () => Promise.resolve(),
  }
}

/** Who leaves the loop of the chunks and who had the input both let go of it. */
function closer(fd: number): () => Promise<void> {
  let closed: Promise<void> | undefined
  return () => (closed ??= closeFd(fd))
}

/** What does not wait has nothing yet and is asked again. */
async function readThere(fd: number, into: Buffer): Promise<number> {
  for (;;) {
    try {
      return (await readFd(fd, into, 0, into.length, null)).bytesRead
    } catch (thrown) {
      const code = (thrown as NodeJS.ErrnoException).code
      // A closed pipe ends with EOF on Windows.
      if (code === 'EOF') return 0
      if (code !== 'EAGAIN') throw thrown
      await idle()
    }
  }
}

/**
 * A named pipe. Until somebody writes into it its end is read, which is not the end: who opens it and writes nothing has not
 * begun. (Not as a socket, which could tell: a thread closes what it opened once more when it ends, and the number may be
 * another file's by then.)
 */
function openPipe(fd: number): Opened {
  let begun = false
  return {
    atOnce: false,
    async fill(into) {
      for (;;) {
        const length = await readThere(fd, into)
        begun ||= length > 0
        if (begun) return length
        await idle()
      }
    },
    total: undefined,
    close: closer(fd),
  }
}

const idle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, IDLE_MS))

function openBytes(bytes: Uint8Array): Opened {
  let at = 0
  return {
    atOnce: true,
    fill(into) {
      const part = bytes.subarray(at, at + into.length)
      into.set(part)
      at += part.length
      return Promise.resolve(part.length)
    },
    total: bytes.length,
    close: () => Promise.resolve(),
  }
}

/** Chunks of the input as it is; of a pipe, the next one is read while the consumer works on this one. */
async function* readAhead(opened: Opened, name: string, state: { bytesRead: number }): AsyncGenerator<Uint8Array> {
  const size = opened.total === undefined || opened.total > PLAIN ? PLAIN : Math.max(PACKED, opened.total)
  const buffers = [Buffer.allocUnsafe(size), Buffer.allocUnsafe(size)]
  const fill = (into: Buffer) =>
    opened.fill(into).catch((thrown: unknown) => {
      throw fileError(thrown, name)
    })
  if (opened.atOnce) {
    for (let length = await fill(buffers[0]); length > 0; length = await fill(buffers[0])) {
      state.bytesRead += length
      yield buffers[0].subarray(0, length)
    }
    return
  }
  let ahead = fill(buffers[0])
  for (let turn = 0; ; turn = 1 - turn) {
    const length = await ahead
    if (length === 0) return
    ahead = fill(buffers[1 - turn])
    // If the consumer stops here nobody waits for this read: its failure must not end the process.
    ahead.catch(() => undefined)
    state.bytesRead += length
    yield buffers[turn].subarray(0, length)
  }
}

interface First {
  /** A copy of the first chunks, at least as many bytes as asked for if there are. */
  readonly bytes: Uint8Array
}

async function firstBytes(chunks: AsyncIterator<Uint8Array>, least: number): Promise<First> {
  const parts: Buffer[] = []
  let length = 0
  while (length < least) {
    const next = await chunks.next()
    if (next.done === true) break
    parts.push(Buffer.from(next.value))
    length += next.value.length
  }
  return { bytes: Buffer.concat(parts) }
}

async function* joinedAgain(first: First, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.bytes.length > 0) yield first.bytes
  yield* rest
}

async function* closing(chunks: AsyncGenerator<Uint8Array>, opened: Opened): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } finally {
    await opened.close()
  }
}

/** Damage becomes a diagnostic, unless nothing at all could be decoded. */
async function* undamaged(
  chunks: AsyncGenerator<Uint8Array>,
  name: string,
  state: { readonly diagnostics: SourceDiagnostic[] },
): AsyncGenerator<Uint8Array> {
  let length = 0
  try {
    for await (const chunk of chunks) {
      length += chunk.length
      yield chunk
    }
  } catch (thrown) {
    if (!(thrown instanceof Damage)) throw thrown
    if (length === 0) {
      throw new ApiError(
        'bad-input',
        `${name}: ${thrown.message}`,
        'nothing in it could be decompressed: copy it again',
      )
    }
    state.diagnostics.push({
      severity: 'warning',
      code: thrown.trailing ? TRAILING_BYTES : TRUNCATED_COMPRESSION,
      message: `${thrown.message}: what could be decompressed was used`,
    })
  }
}

function directory(name: string): ApiError {
  return new ApiError('bad-input', `${name} is a directory`, 'name the trace file inside it')
}

/** A failed open or read, in words and with the file's name. */
function fileError(thrown: unknown, name: string): ApiError {
  if (thrown instanceof ApiError) return thrown
  const code = (thrown as NodeJS.ErrnoException).code ?? ''
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new ApiError('not-found', `${name}: there is no such file`, 'check the path')
    case 'EACCES':
    case 'EPERM':
      return new ApiError(
        'permission',
        `${name}: you may not read this file`,
        'tracefs needs root: sudo cat … > trace.txt',
      )
    case 'EISDIR':
      return directory(name)
    default:
      return new ApiError('bad-input', `${name}: reading failed (${code === '' ? String(thrown) : code})`)
  }
}
