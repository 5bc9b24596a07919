import { fingerprintOf, tokenDigest } from '../../model/token-digest.js'
import type { AuthleteTokens } from '../../management/index.js'
import { connect, SERVICE } from './authlete.js'
import { command, omitUndefined } from '../command.js'
import { UsageError } from '../exit-code.js'
import { secret, text, toFlag } from '../input/option.js'

/** Describes a token without showing it. */
function describeToken(kind: string, token: string | undefined, hash: string | undefined): string {
  return token === undefined
    ? `the ${kind} of hash ${hash ?? ''}`
    : `the ${kind} whose SHA-256 begins with ${fingerprintOf(tokenDigest(token))}`
}

const remove = command({
  name: 'tokens delete',
  vendor: 'authlete',
  functions: ['delete'],
  summary: 'Deletes a token, and its refresh token with it.',
  options: {
    token: secret('the token: this, or its hash'),
    tokenHash: text('HASH', 'the hash of the token, as tokens list shows it'),
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
        'It cannot be made good again.',
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
  summary:
    'Revokes one token with the access or refresh token that belongs to it; or all of a client or person.',
  options: {
    token: secret('the access token: this, or one of the next three'),
    tokenHash: text('HASH', 'the hash of the access token, as tokens list shows it'),
    refreshToken: secret('the refresh token'),
    refreshTokenHash: text('HASH', 'the hash of the refresh token'),
    allOfClient: text('CLIENT', 'every token of this client, whoever it is for'),
    allOfSubject: text(
      'PERSON',
      'every token of this person; with --all-of-client, only those of that client',
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
          } at Authlete, and the token that belongs to it? It cannot be made good again.`,
        run: async () => ({ item: await tokens.revoke(omitUndefined(selector), { signal }) }),
      }
    }
    const conflict = TOKEN_SELECTORS.find((name) => selector[name] !== undefined)
    if (conflict !== undefined)
      throw new UsageError(`${toFlag(conflict)} names one token, --all-of-... many: leave one of them out`)
    return {
      question: async () => {
        const { total } = await tokens.list(omitUndefined({ clientId, subject, limit: 1 }), {
          signal,
        })
        const whose = [
          ...(clientId === undefined ? [] : [`of the client ${JSON.stringify(clientId)}`]),
          ...(subject === undefined ? [] : [`of the person ${JSON.stringify(subject)}`]),
        ].join(' ')
        const count = total === undefined ? '' : ` (${total} now)`
        return `Revoke EVERY token ${whose} at Authlete${count}? They cannot be made good again.`
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
    throw new UsageError(`Exactly one is needed of ${names.map(toFlag).join(', ')}`)
}

export const AUTHLETE_REMOVALS = [remove, revoke]
