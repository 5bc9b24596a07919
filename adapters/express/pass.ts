import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RefusalResponse } from '../../src/bearer/refusal-response.js'
import type { GuardResult } from '../../src/guard/checkpoint.js'
import type { Guard, Requirement } from '../../src/guard/guard.js'
import {
  abandon,
  afterIfConnected,
  closeIfBody,
  endUnanswered,
  ignoreLateWrites,
  isHostError,
  toHostError,
} from '../../src/guard/node-response.js'
import { setTokenProperty } from '../../src/guard/request-property.js'
import type { ExpressOnRefusal, NodeRequest, NodeResponse } from './types.js'

/** The function that continues with the next middleware. Some hosts return a promise. */
export type Next = (error?: unknown) => unknown

/** A guard, or a requirement behind one. */
export type Checkpoint =
  | Guard<IncomingMessage, ExpressOnRefusal>
  | Requirement<IncomingMessage, ExpressOnRefusal>

/** Authorizes a request. Calls `next` if it passes; otherwise responds. */
export function pass(
  checkpoint: Checkpoint,
  incoming: NodeRequest,
  outgoing: NodeResponse,
  next: Next,
): void {
  // The compatibility API of HTTP/2 has the same properties and methods.
  const request = incoming as IncomingMessage
  const response = outgoing as ServerResponse
  const result = checkpoint.enter(request, request)
  if (result instanceof Promise) {
    afterIfConnected(result, response, settle, endUnanswered, request, response, next).catch(
      (error: unknown) => {
        passError(error, response, next)
      },
    )
  } else {
    settle(result, request, response, next)
  }
}

function settle(
  result: GuardResult<ExpressOnRefusal>,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
): void {
  if (result.passes) {
    setTokenProperty(request, result)
    proceed(response, next)
  } else if (result.onRefusal === undefined) {
    send(request, response, result.response)
  } else {
    callOnRefusal(result.onRefusal, result, request, response, next).catch((error: unknown) => {
      passError(error, response, next)
    })
  }
}

/** Calls `next`. Some hosts return a promise, whose rejection would be unhandled and end the process. */
function proceed(response: ServerResponse, next: Next): void {
  const outcome = next()
  if (outcome instanceof Promise) {
    outcome.catch((error: unknown) => {
      passError(error, response, next)
    })
  }
}

/** Passes an error to the host. Never throws, although the host may, because the error would be uncaught. */
export function passError(error: unknown, response: ServerResponse, next: Next): void {
  try {
    const outcome = next(toHostError(error))
    if (outcome instanceof Promise) {
      outcome.catch((failure: unknown) => {
        abandon(response, failure)
      })
    }
  } catch (failure) {
    abandon(response, failure)
  }
}

async function callOnRefusal(
  onRefusal: ExpressOnRefusal,
  { refusal, response: refusalResponse }: Extract<GuardResult<ExpressOnRefusal>, { passes: false }>,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
): Promise<void> {
  let isPassed = false
  closeIfBody(request, response)
  await onRefusal(refusal, request, response, (error) => {
    // On any other value Express would continue, which bypasses the guard.
    if (isPassed || !isHostError(error)) return
    isPassed = true
    passError(error, response, next)
  })
  if (isPassed || response.headersSent || response.writableEnded) return
  // `onRefusal` neither responded nor called `next(error)`: send the default response and ignore later writes.
  isPassed = true
  ignoreLateWrites(response)
  send(request, response, refusalResponse)
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: RefusalResponse,
): void {
  if (response.headersSent) return
  response.statusCode = status
  closeIfBody(request, response)
  for (const [name, value] of Object.entries(headers)) {
    // The response may already have the challenge of another scheme. RFC 9110 section 11.6.1 allows several.
    if (name === 'WWW-Authenticate') response.appendHeader(name, value)
    else response.setHeader(name, value)
  }
  response.end(body)
}
