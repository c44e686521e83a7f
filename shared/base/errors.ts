/**
 * The one error type users and callers see. It says what happened, to what, and what to do about it; everything else
 * that is thrown is a bug. It crosses the contract as plain data (WireError).
 */

export type ErrorCode =
  | 'bad-request' // parameters that make no sense: wrong usage
  | 'unknown-id' // an id that is in no registry; the message lists the nearest ones
  | 'not-found' // no such file, trace, wait
  | 'bad-input' // a file that is not what it should be
  | 'exists' // would overwrite
  | 'permission' // not allowed to read or write there
  | 'limit' // a cap of limits.ts was reached
  | 'cancelled'
  | 'disconnected' // the other side of the contract went away before it answered
  | 'unsupported' // understood, but this program or machine cannot
  | 'internal'

/** The part of a text the user wrote that an error is about; in UTF-16 units, lines and columns from 1. */
export interface ErrorPlace {
  readonly offset: number
  readonly length: number
  readonly line: number
  readonly column: number
}

export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  readonly hint?: string
  readonly at?: ErrorPlace
}

export class ApiError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly at: ErrorPlace | undefined

  constructor(code: ErrorCode, message: string, hint?: string, at?: ErrorPlace) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.hint = hint
    this.at = at
  }

  toWire(): WireError {
    const { code, message, hint, at } = this
    return { code, message, ...(hint === undefined ? {} : { hint }), ...(at === undefined ? {} : { at }) }
  }
}

/** Anything thrown, as a WireError: an ApiError keeps its code, everything else is `internal`. */
export function toWireError(thrown: unknown): WireError {
  if (thrown instanceof ApiError) return thrown.toWire()
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return { code: 'internal', message }
}

export function fromWireError(error: WireError): ApiError {
  return new ApiError(error.code, error.message, error.hint, error.at)
}
