import type { Server, ServerResponse } from 'node:http'
import type {
  AccessToken,
  GuardMode,
  Policy,
  Refusal,
  RefusalBody,
  ScopeDemand,
  Verifier,
} from '../../../src/index.js'

/** What the `onRefusal` of an application does, in the way of its framework. */
export type OnRefusalManner =
  /** Responds 418 with the body `own answer`. */
  | 'answers'
  /** Passes the refusal to the framework's error handling. */
  | 'hands on'
  /** Throws an error. */
  | 'breaks'
  /** Rejects with an error. */
  | 'breaks later'
  /** Does nothing. */
  | 'forgets'
  /** Responds like `answers`, in a callback after the guard has responded. */
  | 'responds late'
  /** Writes to the response of Node in such a callback. */
  | 'writes late'
  /** Passes the refusal to the framework in such a callback. */
  | 'passes an error late'

/** The options of a guard that are the same in every framework. */
export interface StepOptions {
  readonly realm?: string
  readonly body?: RefusalBody
  readonly mode?: GuardMode
  readonly optional?: boolean
  readonly header?: string
  /** Not for fetch servers. */
  readonly property?: string | false
  readonly onRefusal?: OnRefusalManner
}

/** One step before a route. */
export type Step =
  | {
      readonly kind: 'guard'
      readonly policy?: Policy
      readonly options?: StepOptions
      readonly verifier?: Verifier
    }
  | { readonly kind: 'scopes'; readonly demands: readonly ScopeDemand[] }
  | { readonly kind: 'policy'; readonly policy: Policy }

/** A guard as a step. */
export function guarded(policy?: Policy, options?: StepOptions): Step {
  return {
    kind: 'guard',
    ...(policy === undefined ? {} : { policy }),
    ...(options === undefined ? {} : { options }),
  }
}

/**
 * What a route does: `who` returns the accepted client, `properties` returns {@link Properties}, `body` reads the body as
 * JSON, `fails` rejects after a turn of the event loop.
 */
type HandlerKind = 'who' | 'properties' | 'body' | 'fails'

export interface RoutePlan {
  readonly method?: 'get' | 'post'
  readonly path: string
  readonly steps?: readonly Step[]
  readonly handler?: HandlerKind
}

/** An application, described once for every framework. */
export interface Plan {
  readonly verifier: Verifier
  /** Responds to OPTIONS before any guard, like CORS middleware. */
  readonly preflight?: boolean
  /** Sets a challenge of another scheme before any guard. */
  readonly otherChallenge?: string
  /** Sets properties of the request before any guard, like another library. */
  readonly foreign?: Readonly<Record<string, unknown>>
  /** Routes before the guard of the application. */
  readonly open?: readonly RoutePlan[]
  /** Steps for the whole application. */
  readonly app?: readonly Step[]
  readonly routes?: readonly RoutePlan[]
  /** A router, or its equivalent in the framework, mounted at `/api`. */
  readonly router?: { readonly steps?: readonly Step[]; readonly routes: readonly RoutePlan[] }
}

/** What an application has observed. */
export interface Seen {
  /** The paths whose handlers ran. */
  readonly handled: string[]
  /** Number of bodies that were read. */
  bodies: number
  /** The refusals that `onRefusal` was called with. */
  readonly refusals: Refusal[]
  /** Errors that callbacks threw or a response emitted, which would have ended the process. */
  readonly uncaught: unknown[]
  /** Runs the deferred callbacks. */
  runLate(): void
  readonly late: (() => void)[]
}

export interface SentRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'OPTIONS'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Reply {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
}

/** A running application, on a server on a free loopback port. */
export interface RunningApp {
  readonly seen: Seen
  readonly server: Server
  readonly port: number
  /** Sends a request with the test tool of the framework. */
  send(request: SentRequest): Promise<Reply>
  close(): Promise<void>
}

/** A framework in one version. */
export interface Framework {
  readonly name: string
  /** Whether requirements are `requireScopes()` and `requirePolicy()`; otherwise they are decorators, or `config.auth` of a route. */
  readonly hasDemands: boolean
  /** Whether the requirements of a route are evaluated together with each guard, in one decision. */
  readonly joinsDemands?: boolean
  /** Whether guards run for handlers only: after routing, and after the body was read. */
  readonly guardsHandlers?: boolean
  /** Whether its adapter sets the token as a property of the request. */
  readonly hasProperty: boolean
  start(plan: Plan): Promise<RunningApp>
}

export function nothingSeen(): Seen {
  const late: (() => void)[] = []
  const uncaught: unknown[] = []
  const runLate = (): void => {
    for (const callback of late.splice(0)) {
      try {
        callback()
      } catch (error) {
        uncaught.push(error)
      }
    }
  }
  return { handled: [], bodies: 0, refusals: [], late, uncaught, runLate }
}

/** Writes to a response of Node in every way that throws or emits an error after it was sent. */
export function writeLate(response: ServerResponse, seen: Seen): void {
  response.on('error', (error) => seen.uncaught.push(error))
  response.statusCode = 418
  response.setHeader('x-late', '1')
  response.appendHeader('x-late', '2')
  response.removeHeader('x-late')
  response.writeHead(418, { 'x-late': '3' })
  response.write('late')
  response.end('late')
}

/** The response of the `who` handler. */
export interface Who {
  /** The subject of the framework's property (`req.auth`, `ctx.state.auth`); null without a token. */
  readonly auth: string | null
  /** The subject that `accessToken()` returns, or the message of its error. */
  readonly accessToken: string
  /** Whether both are the same frozen object. */
  readonly isOneFrozenObject: boolean
}

export function whoIs(auth: AccessToken | null | undefined, accessToken: () => AccessToken): Who {
  let token: AccessToken | undefined
  let said: string
  try {
    token = accessToken()
    said = token.subject
  } catch (error) {
    said = error instanceof Error ? error.message : 'threw something else'
  }
  return {
    auth: auth?.subject ?? null,
    accessToken: said,
    isOneFrozenObject: token !== undefined && token === auth && Object.isFrozen(token),
  }
}

/** The response of the `properties` handler. */
export interface Properties {
  /** The subject that `optionalAccessToken()` returns; null without a token. */
  readonly token: string | null
  /** `auth` and `machine` of the request: a subject, or the value of another library. Absent if the property is absent. */
  readonly auth?: unknown
  readonly machine?: unknown
}

export function propertiesOf(holder: object, token: AccessToken | undefined): Properties {
  const read = (name: string): object => {
    const value: unknown = Reflect.get(holder, name)
    if (value === undefined || value === null) return {}
    return { [name]: value === token ? token?.subject : value }
  }
  return { token: token?.subject ?? null, ...read('auth'), ...read('machine') }
}

/** A handler that rejects. */
export async function failLater(): Promise<never> {
  await new Promise((resolve) => setImmediate(resolve))
  throw new Error('the handler broke')
}

/** The error of `onRefusal`. */
export const BROKEN_ON_REFUSAL = 'onRefusal broke'
