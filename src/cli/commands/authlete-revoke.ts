import { fingerprintOf, tokenDigest } from '../../model/token-digest.js'
import type { AuthleteTokens } from '../../management/index.js'
import { connect, SERVICE } from './authlete.js'
import { command, omitUndefined } from '../command.js'
import { UsageError } from '../exit-code.js'
import { secret, text, toFlag } from '../input/option.js'

/** Describes a token without printing it. */
function describeToken(kind: string, token: string | undefined, hash: string | undefined): string {
  return token === undefined
    ? `the ${kind} with the hash ${hash ?? ''}`
    : `the ${kind} whose SHA-256 begins with ${fingerprintOf(tokenDigest(token))}`
}

const remove = command({
  name: 'tokens delete',
  vendor: 'authlete',
  functions: ['delete'],
  summary: 'Deletes a token and its refresh token.',
  options: {
    token: secret('the token (or use --token-hash)'),
    tokenHash: text('HASH', 'the hash of the token, as printed by tokens list'),
  },
  example: 'tokens delete --vendor authlete --token-hash uQX9ZyNwpE2kTnvyX9p3YgrZxqu6Ma9aOlWBzvfx1Fk',
  needs: SERVICE,
  effect: 'destroys',
  prepare: ({ values, signal, ...call }) => {
    requireExactlyOne(['token', 'tokenHash'], values)
    const tokens = connect(call)
    const { token, tokenHash } = values
    return {
      question: () =>
        `Delete ${describeToken('access token', token, tokenHash)} at Authlete, and its refresh token? ` +
        'This cannot be undone.',
      run: async () => {
        await tokens.delete(omitUndefined(values), { signal })
        return { item: { deleted: true } }
      },
    }
  },
})

const TOKEN_SELECTORS = ['token', 'tokenHash', 'refreshToken', 'refreshTokenHash'] as const

const revoke = command({
  name: 'tokens revoke',
  vendor: 'authlete',
  functions: ['revoke', 'revokeAllOfClient', 'revokeAllOfSubject', 'revokeAllOfClientAndSubject'],
  summary: 'Revokes one token and its access or refresh token, or all tokens of a client or subject.',
  options: {
    token: secret('the access token (or use one of the next three options)'),
    tokenHash: text('HASH', 'the hash of the access token, as printed by tokens list'),
    refreshToken: secret('the refresh token'),
    refreshTokenHash: text('HASH', 'the hash of the refresh token'),
    allOfClient: text('CLIENT', 'every token of this client, for every subject'),
    allOfSubject: text(
      'SUBJECT',
      'every token of this subject; with --all-of-client, only those of that client',
    ),
  },
  example: 'tokens revoke --vendor authlete --token-hash uQX9ZyNwpE2kTnvyX9p3YgrZxqu6Ma9aOlWBzvfx1Fk',
  needs: SERVICE,
  effect: 'destroys',
  prepare: ({ values, signal, ...call }) => {
    const tokens = connect(call)
    const { allOfClient: clientId, allOfSubject: subject, ...selector } = values
    if (clientId === undefined && subject === undefined) {
      requireExactlyOne(TOKEN_SELECTORS, selector)
      return {
        question: () =>
          `Revoke ${
            selector.refreshToken === undefined && selector.refreshTokenHash === undefined
              ? describeToken('access token', selector.token, selector.tokenHash)
              : describeToken('refresh token', selector.refreshToken, selector.refreshTokenHash)
          } at Authlete, and the token that belongs to it? This cannot be undone.`,
        run: async () => ({ item: await tokens.revoke(omitUndefined(selector), { signal }) }),
      }
    }
    const conflict = TOKEN_SELECTORS.find((name) => selector[name] !== undefined)
    if (conflict !== undefined)
      throw new UsageError(
        `${toFlag(conflict)} selects one token and cannot be combined with --all-of-client or --all-of-subject`,
      )
    return {
      question: async () => {
        const { total } = await tokens.list(omitUndefined({ clientId, subject, limit: 1 }), {
          signal,
        })
        const whose = [
          ...(clientId === undefined ? [] : [`of the client ${JSON.stringify(clientId)}`]),
          ...(subject === undefined ? [] : [`of the subject ${JSON.stringify(subject)}`]),
        ].join(' ')
        const count = total === undefined ? '' : ` (${total} now)`
        return `Revoke EVERY token ${whose} at Authlete${count}? This cannot be undone.`
      },
      run: async () => ({ item: await revokeAll(tokens, clientId, subject, signal) }),
    }
  },
})

function revokeAll(
  tokens: AuthleteTokens,
  clientId: string | undefined,
  subject: string | undefined,
  signal: AbortSignal,
): Promise<object> {
  if (clientId === undefined) return tokens.revokeAllOfSubject({ subject: subject ?? '' }, { signal })
  return subject === undefined
    ? tokens.revokeAllOfClient({ clientId }, { signal })
    : tokens.revokeAllOfClientAndSubject({ clientId, subject }, { signal })
}

/** Checked before the confirmation prompt. */
function requireExactlyOne<N extends string>(
  names: readonly N[],
  values: Readonly<Record<N, string | undefined>>,
): void {
  if (names.filter((name) => values[name] !== undefined).length !== 1)
    throw new UsageError(`Exactly one of ${names.map(toFlag).join(', ')} is required`)
}

export const AUTHLETE_REMOVALS = [remove, revoke]
