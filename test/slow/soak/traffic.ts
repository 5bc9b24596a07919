import { randomBytes } from 'node:crypto'
import type { TestIssuer } from '../../../src/testing/index.js'
import { MARGIN, NUMBERS, type FaultLog, type Part } from './fault-log.js'

/** A request and the oracle's word on it. */
export interface Question {
  readonly kind: string
  readonly path: '/orders' | '/admin'
  readonly authorization: string | undefined
  /** The statuses that are right for a request that ran from `from` to `to`. */
  readonly allowed: (from: number, to: number) => readonly number[]
}

interface Revocable {
  readonly token: string
  revokedAt: number
}

const POOL = 20

/** The callers of the soak: honest ones, ones whose rights end while they come, and a flood of junk. */
export class Traffic {
  readonly #issuer: TestIssuer
  readonly #faultLog: FaultLog
  readonly #opaque: readonly string[]
  readonly #expired: string
  #jwts: readonly string[] = []
  #withdrawn: { readonly tokens: readonly string[]; readonly since: number } = { tokens: [], since: 0 }
  #revocable: Revocable
  #at = 0
  /** Opaque tokens made up so far: each may cost one question. */
  junk = 0
  /** Honest opaque tokens: each may cost one question in the lifetime of an answer. */
  honest = POOL + 1

  constructor(issuer: TestIssuer, faultLog: FaultLog) {
    this.#issuer = issuer
    this.#faultLog = faultLog
    this.#opaque = Array.from({ length: POOL }, () => issuer.mintOpaque({ scopes: 'orders' }))
    this.#expired = issuer.mintJwt({ algorithm: 'ES256', scopes: 'orders', age: '2h', expiresIn: -60 })
    this.#revocable = { token: issuer.mintOpaque({ scopes: 'orders' }), revokedAt: Number.POSITIVE_INFINITY }
    this.#jwts = this.#mint()
  }

  /** The issuer signs with a new key from now on and withdraws the old one. */
  rotate(): void {
    const old = [...this.#issuer.keys]
    this.#issuer.addKey({ algorithm: 'ES256', use: true })
    for (const kid of old) this.#issuer.removeKey(kid)
    this.#faultLog.rotations += 1
    this.#faultLog.rotatedAt = this.#faultLog.now()
    this.#withdrawn = { tokens: this.#jwts, since: this.#faultLog.rotatedAt }
    this.#jwts = this.#mint()
  }

  /** The token that is presented all the time is revoked. */
  revoke(): void {
    this.#issuer.revoke(this.#revocable.token)
    this.#revocable.revokedAt = this.#faultLog.now()
  }

  /** A new token takes the place of the revoked one. */
  replaceRevoked(): void {
    this.honest += 1
    this.#revocable = {
      token: this.#issuer.mintOpaque({ scopes: 'orders' }),
      revokedAt: Number.POSITIVE_INFINITY,
    }
  }

  /** The next request: every kind in turn. */
  next(): Question {
    this.#at += 1
    const kinds = [
      () => this.#jwt('/orders'),
      () => this.#honestOpaque('/orders'),
      () => this.#revocableOpaque(),
      () => this.#jwt('/admin'),
      () => this.#honestOpaque('/admin'),
      () => this.#withdrawnJwt(),
      () => this.#bad('a made-up key id', 'keys', this.#madeUpKid()),
      () => this.#bad('a bad signature', 'keys', this.#badSignature()),
      () => this.#bad('an expired JWT', 'keys', this.#expired),
      () => this.#bad('opaque junk', 'questions', this.#junkOpaque()),
      () => question('no token', undefined, () => [401]),
      () => question('no b64token', 'a b', () => [400]),
    ]
    return kinds[this.#at % kinds.length]!()
  }

  #mint(): readonly string[] {
    return Array.from({ length: 10 }, () => this.#issuer.mintJwt({ algorithm: 'ES256', scopes: 'orders' }))
  }

  #pick(tokens: readonly string[]): string {
    return tokens[Math.floor(Math.random() * tokens.length)]!
  }

  /** Signed with the newest key, which the guard may not know yet. */
  #jwt(path: Question['path']): Question {
    const right = path === '/orders' ? 200 : 403
    const { rotatedAt } = this.#faultLog
    return question(
      `a good JWT for ${path}`,
      this.#pick(this.#jwts),
      (from, to) => {
        const knownBy = rotatedAt + NUMBERS.unknownKeyPause + MARGIN
        if (from > knownBy || this.#faultLog.rotations === 0) return [right]
        return this.#faultLog.isTroubled('keys', from, to) ? [right, 401, 503] : [right, 401]
      },
      path,
    )
  }

  #honestOpaque(path: Question['path']): Question {
    const right = path === '/orders' ? 200 : 403
    return question(
      `a good opaque token for ${path}`,
      this.#pick(this.#opaque),
      (from, to) => (this.#faultLog.isTroubled('questions', from, to) ? [right, 503] : [right]),
      path,
    )
  }

  #revocableOpaque(): Question {
    const revocable = this.#revocable
    return question('an opaque token that is revoked', revocable.token, (from, to) => {
      const troubled = this.#faultLog.isTroubled('questions', from, to) ? [503] : []
      if (to < revocable.revokedAt) return [200, ...troubled]
      const isNoticed = from > revocable.revokedAt + NUMBERS.answerLifetime + MARGIN
      return isNoticed ? [401, ...troubled] : [200, 401, ...troubled]
    })
  }

  /** Good until the guard has seen the key set without its key, and never after. */
  #withdrawnJwt(): Question {
    const { tokens, since } = this.#withdrawn
    if (tokens.length === 0) return this.#jwt('/orders')
    return question('a JWT of a withdrawn key', this.#pick(tokens), (from, to) => {
      const { keysServedAt } = this.#faultLog
      const troubled = this.#faultLog.isTroubled('keys', from, to) ? [503] : []
      return keysServedAt > since && from > keysServedAt + MARGIN
        ? [401, ...troubled]
        : [200, 401, ...troubled]
    })
  }

  /** What may never pass; while a part of the issuer is out of order, it may be undecidable as well. */
  #bad(kind: string, part: Part, token: string): Question {
    return question(kind, token, (from, to) =>
      this.#faultLog.isTroubled(part, from, to) ? [401, 503] : [401],
    )
  }

  #madeUpKid(): string {
    const [, payload = '', signature = ''] = this.#pick(this.#jwts).split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: randomText() })).toString('base64url')
    return `${header}.${payload}.${signature}`
  }

  #junkOpaque(): string {
    this.junk += 1
    return randomText()
  }

  #badSignature(): string {
    const [header = '', payload = ''] = this.#pick(this.#jwts).split('.')
    return `${header}.${payload}.${randomBytes(64).toString('base64url')}`
  }
}

function randomText(): string {
  return randomBytes(24).toString('base64url')
}

function question(
  kind: string,
  token: string | undefined,
  allowed: Question['allowed'],
  path: Question['path'] = '/orders',
): Question {
  return { kind, path, authorization: token === undefined ? undefined : `Bearer ${token}`, allowed }
}
