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

/** What an application's own `onRefusal` does, each in the manner of its framework. */
export type OnRefusalManner =
  /** Answers 418 with the text `own answer`. */
  | 'answers'
  /** Hands the refusal to the framework's own error handling. */
  | 'hands on'
  /** Breaks with an error of its own. */
  | 'breaks'
  /** As `breaks`, in an async function. */
  | 'breaks later'
  /** Does nothing at all. */
  | 'forgets'
  /** Answers as `answers`, in a callback after the guard has sent its own response. */
  | 'answers late'
  /** Writes to Node's own response then. */
  | 'writes late'
  /** Hands the refusal on then. */
  | 'hands on late'

/** The guard's options, as far as they are the same everywhere. */
export interface StepOptions {
  readonly realm?: string
  readonly body?: RefusalBody
  readonly mode?: GuardMode
  readonly onRefusal?: OnRefusalManner
}

/** One thing that stands before a route. */
export type Step =
  | {
      readonly kind: 'guard'
      readonly policy?: Policy
      readonly options?: StepOptions
      readonly verifier?: Verifier
    }
  | { readonly kind: 'scopes'; readonly demands: readonly ScopeDemand[] }
  | { readonly kind: 'policy'; readonly policy: Policy }

/** A guard, as a step. */
export function guarded(policy?: Policy, options?: StepOptions): Step {
  return {
    kind: 'guard',
    ...(policy === undefined ? {} : { policy }),
    ...(options === undefined ? {} : { options }),
  }
}

/**
 * What a route does: `who` tells whom the guard let in, `body` reads the body as JSON, `fails` breaks
 * after a turn of the event loop.
 */
type HandlerKind = 'who' | 'body' | 'fails'

export interface RoutePlan {
  readonly method?: 'get' | 'post'
  readonly path: string
  readonly steps?: readonly Step[]
  readonly handler?: HandlerKind
}

/** An application, described once for every framework. */
export interface Plan {
  readonly verifier: Verifier
  /** Answers OPTIONS before any guard, as CORS middleware does. */
  readonly preflight?: boolean
  /** Sets a challenge of another scheme before any guard. */
  readonly otherChallenge?: string
  /** Routes that stand before the guard of the application. */
  readonly open?: readonly RoutePlan[]
  /** Steps for the whole application. */
  readonly app?: readonly Step[]
  readonly routes?: readonly RoutePlan[]
  /** A router, or what the framework has in its place, mounted at `/api`. */
  readonly router?: { readonly steps?: readonly Step[]; readonly routes: readonly RoutePlan[] }
}

/** What an application saw of a request. */
export interface Seen {
  /** The paths whose handlers ran. */
  readonly handled: string[]
  /** How many bodies were read. */
  bodies: number
  /** The refusals that `onRefusal` was given. */
  readonly refusals: Refusal[]
  /** What callbacks threw, or a response emitted: it would have ended the process. */
  readonly uncaught: unknown[]
  /** Runs the callbacks that have been put off. */
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

/** An application that runs, with a real server on a free loopback port. */
export interface RunningApp {
  readonly seen: Seen
  readonly server: Server
  readonly port: number
  /** Sends a request the way the framework's users do in their tests. */
  send(request: SentRequest): Promise<Reply>
  close(): Promise<void>
}

/** A framework in one version. */
export interface Framework {
  readonly name: string
  /** Whether its adapter has `requireScopes()` and `requirePolicy()`; elsewhere a further guard takes their place. */
  readonly hasDemands: boolean
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

/** Writes to a response of Node in every way that throws or emits an error once it was sent. */
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

/** What the `who` handler answers. */
export interface Who {
  /** The subject found where the framework keeps the token (`req.auth`, `ctx.state.auth`); null without one. */
  readonly auth: string | null
  /** The subject that `accessToken()` gives, or the message of what it throws. */
  readonly accessToken: string
  /** Whether both are the one frozen object. */
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

/** The handler that breaks. */
export async function failLater(): Promise<never> {
  await new Promise((resolve) => setImmediate(resolve))
  throw new Error('the handler broke')
}

/** What `onRefusal` breaks with. */
export const BROKEN_ON_REFUSAL = 'onRefusal broke'
