import type { FastifyReply, FastifyRequest } from 'fastify'
import { afterwards, type Awaitable } from '../../src/util/awaitable.js'
import type { RefusalResponse } from '../../src/bearer/refusal-response.js'
import type { GuardResult } from '../../src/guard/checkpoint.js'
import type { Guard } from '../../src/guard/guard.js'
import {
  afterIfConnected,
  closeIfBody,
  ignoreLateWrites,
  isMethodCalled,
} from '../../src/guard/node-response.js'
import type { Refusal } from '../../src/model/refusal/refusal.js'
import type { ScopeProperty } from './scope-property.js'
import type { FastifyOnRefusal } from './types.js'

/** A guard or a requirement whose key is the request of Node, and the property of the request that it sets. */
export interface FastifyCheckpoint {
  readonly guard: Pick<Guard<FastifyRequest['raw'], FastifyOnRefusal>, 'enter'>
  readonly property: Pick<ScopeProperty, 'set'>
}

/**
 * Whether a guard accepts the request; otherwise the response was sent. The result is a boolean and not the reply,
 * because a reply is a thenable, and awaiting it waits for the response.
 */
export function admits(
  { guard, property }: FastifyCheckpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): Awaitable<boolean> {
  const result = guard.enter(request.raw, request.raw)
  return result instanceof Promise
    ? afterIfConnected(result, reply.raw, settle, hijack, property, request, reply)
    : settle(result, property, request, reply)
}

/** Throws the error of a route's configuration if the plugin's guard accepts the request. */
export function failIfAdmitted(admitted: Awaitable<boolean>, fault: unknown): Awaitable<boolean> {
  if (admitted instanceof Promise) return afterwards(admitted, failIfAdmitted, fault)
  if (!admitted) return false
  throw fault
}

/** Ends the request without a response. */
function hijack(_property: unknown, _request: FastifyRequest, reply: FastifyReply): boolean {
  reply.hijack()
  return false
}

function settle(
  result: GuardResult<FastifyOnRefusal>,
  property: FastifyCheckpoint['property'],
  request: FastifyRequest,
  reply: FastifyReply,
): Awaitable<boolean> {
  if (!result.passes) return refuse(result, request, reply)
  property.set(request, result)
  return true
}

function refuse(
  { refusal, response, onRefusal }: Extract<GuardResult<FastifyOnRefusal>, { passes: false }>,
  request: FastifyRequest,
  reply: FastifyReply,
): Awaitable<false> {
  if (onRefusal === undefined) {
    send(request, reply, response)
    return false
  }
  return callOnRefusal(onRefusal, refusal, response, request, reply)
}

async function callOnRefusal(
  onRefusal: FastifyOnRefusal,
  refusal: Refusal,
  response: RefusalResponse,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<false> {
  closeIfBody(request.raw, reply.raw)
  // `reply.sent` is false while `onSend` hooks run: a second response would follow.
  if ((await isMethodCalled(reply, 'send', () => onRefusal(refusal, request, reply))) || reply.sent)
    return false
  // `onRefusal` did not respond: send the default response and ignore later writes.
  ignoreLateWrites(reply.raw)
  send(request, reply, response)
  return false
}

/** Continues with the next hook if the request is accepted. Otherwise the response was sent. */
export function conclude(
  admitted: Awaitable<boolean>,
  done: (error?: Error) => void,
  reply: FastifyReply,
): void {
  if (admitted instanceof Promise) {
    admitted
      .then((isAdmitted) => {
        if (isAdmitted) done()
      }, done)
      .catch((error: unknown) => {
        // Thrown by `done`, and otherwise unhandled.
        abandon(reply, error)
      })
  } else if (admitted) {
    done()
  }
}

function abandon(reply: FastifyReply, error: unknown): void {
  reply.log.error(
    { err: error },
    'an error was thrown behind a guard. Handle it in the error handler of Fastify',
  )
  if (!reply.sent && !reply.raw.headersSent) void reply.send(error)
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, headers, body }: RefusalResponse,
): void {
  const challenges = [reply.getHeader('WWW-Authenticate'), headers['WWW-Authenticate']].flat()
  reply.code(status).headers(headers)
  if (closeIfBody(request.raw, reply.raw)) reply.header('Connection', 'close')
  // The response may already have the challenge of another scheme. RFC 9110 section 11.6.1 allows several.
  if (!challenges.includes(undefined)) reply.header('WWW-Authenticate', challenges)
  void reply.send(body)
}
