/**
 * An independent statement of what guards promise, without a line of the library: what it must do with a request that
 * passes several of them. It gets the properties of each token from the test instead of reading the token.
 */

/** What is true of a token, by construction. Times in seconds since the epoch. */
export interface TokenTruth {
  readonly token: string
  readonly issuer: string
  /** Signed or known by its issuer, of an allowed type, for our audience, not bound to a key. */
  readonly isGenuine: boolean
  readonly scopes: readonly string[]
  readonly client: string
  readonly issuedAt: number
  readonly notBefore: number | undefined
  readonly expiresAt: number
}

/** What a header holds: a token alone, or something that is not a bearer token. */
export type Credentials =
  | { readonly kind: 'token'; readonly truth: TokenTruth }
  // `twice` stands for two headers on the wire, which a later change of the parsed headers does not undo.
  | { readonly kind: 'none' | 'malformed' | 'twice' }

/** One rule of a policy, as data. */
export interface Rules {
  readonly all?: readonly string[]
  readonly any?: readonly string[]
  readonly maxTokenAge?: number
  readonly clients?: readonly string[]
  readonly issuers?: readonly string[]
  readonly check?: boolean
  /** Has no effect, because the issuers of these requests always respond. */
  readonly confirmAfter?: number
}

export interface VerifierTruth {
  readonly name: string
  readonly issuers: readonly string[]
  readonly rules: Rules
}

export type Mode = 'enforce' | 'report'

/** A step of a request. Requirements are those of the nearest guard before them. */
export type Step =
  | {
      readonly kind: 'guard'
      readonly verifier: VerifierTruth
      readonly rules: Rules
      /** Rules of the route, which are part of the same decision. */
      readonly added?: Rules
      readonly mode: Mode
    }
  | { readonly kind: 'requirement'; readonly rules: Rules }
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  | { readonly kind: 'time'; readonly seconds: number }
  // The request goes on as another object, which no guard has seen.
  | { readonly kind: 'copy' }

/** What may come of a request: the handler runs, with this token if any, or one of these statuses is sent. */
export type Verdict =
  | { readonly runs: true; readonly token: string | undefined }
  | { readonly runs: false; readonly statuses: ReadonlySet<number> }

/** Seconds by which clocks may differ: the default. */
const TOLERANCE = 5

interface GuardState {
  readonly verifier: VerifierTruth
  readonly mode: Mode
  readonly token: string | undefined
}

/** Predicts the result of a request that starts with the given credentials at the given time. */
export function predict(start: Credentials, steps: readonly Step[], startTime: number): Verdict {
  let credentials = start
  let now = startTime
  let state: GuardState | undefined
  for (const step of steps) {
    if (step.kind === 'time') now += step.seconds
    else if (step.kind === 'copy') state = undefined
    else if (step.kind === 'credentials') credentials = start.kind === 'twice' ? start : step.credentials
    else {
      // A requirement without a guard is a mistake of the application: an error, and never an open route.
      if (step.kind === 'requirement' && state === undefined) return { runs: false, statuses: new Set([500]) }
      const verifier = step.kind === 'guard' ? step.verifier : state!.verifier
      const mode = step.kind === 'guard' ? step.mode : state!.mode
      const added = step.kind === 'guard' && step.added !== undefined ? [step.added] : []
      const statuses = statusesOf(credentials, verifier, [verifier.rules, step.rules, ...added], now)
      if (statuses.size > 0 && mode === 'enforce') return { runs: false, statuses }
      state = after(state, verifier, mode, statuses.size === 0 ? credentials : undefined)
    }
  }
  return { runs: true, token: state?.token }
}

/**
 * Whether the result depends on the issuer's clock tolerance, of which the library promises nothing: a token has expired
 * within our tolerance, and a policy wants the issuer to confirm it.
 */
export function dependsOnIssuersTolerance(
  start: Credentials,
  steps: readonly Step[],
  startTime: number,
): boolean {
  const end = steps.reduce((time, step) => (step.kind === 'time' ? time + step.seconds : time), startTime)
  const isConfirmed = steps.some((step) => 'rules' in step && step.rules.confirmAfter !== undefined)
  const presented = [
    start,
    ...steps.flatMap((step) => (step.kind === 'credentials' ? [step.credentials] : [])),
  ]
  return (
    isConfirmed &&
    presented.some((credentials) => {
      if (credentials.kind !== 'token') return false
      const { expiresAt } = credentials.truth
      return expiresAt <= end && startTime < expiresAt + TOLERANCE
    })
  )
}

/** What a guard leaves behind on a request that it lets pass; `accepted` is absent if it only reports a refusal. */
function after(
  before: GuardState | undefined,
  verifier: VerifierTruth,
  mode: Mode,
  accepted: Credentials | undefined,
): GuardState {
  // What enforces before stays in force for requirements behind a guard that reports.
  const strictest = before?.mode === 'enforce' ? 'enforce' : mode
  if (accepted?.kind === 'token') return { verifier, mode: strictest, token: accepted.truth.token }
  if (before?.token !== undefined && before.verifier !== verifier) return before
  return { verifier, mode: strictest, token: before?.verifier === verifier ? before.token : undefined }
}

/** The statuses of everything that is wrong with the credentials; none if they are accepted. */
function statusesOf(
  credentials: Credentials,
  verifier: VerifierTruth,
  policies: readonly Rules[],
  now: number,
): ReadonlySet<number> {
  if (credentials.kind === 'none') return new Set([401])
  if (credentials.kind !== 'token') return new Set([400])
  const { truth } = credentials
  const isKnown = verifier.issuers.includes(truth.issuer)
  const isInTime =
    now < truth.expiresAt + TOLERANCE &&
    truth.issuedAt <= now + TOLERANCE &&
    (truth.notBefore ?? 0) <= now + TOLERANCE
  if (!truth.isGenuine || !isKnown || !isInTime) return new Set([401])
  return new Set(policies.flatMap((rules) => broken(rules, truth, now)))
}

function broken(rules: Rules, truth: TokenTruth, now: number): readonly number[] {
  const { all = [], any, maxTokenAge, clients, issuers, check } = rules
  const statuses: number[] = []
  if (maxTokenAge !== undefined && now - truth.issuedAt >= maxTokenAge) statuses.push(401)
  if (!all.every((scope) => truth.scopes.includes(scope))) statuses.push(403)
  if (any !== undefined && !any.some((scope) => truth.scopes.includes(scope))) statuses.push(403)
  if (clients !== undefined && !clients.includes(truth.client)) statuses.push(403)
  if (issuers !== undefined && !issuers.includes(truth.issuer)) statuses.push(403)
  if (check === false) statuses.push(403)
  return statuses
}
