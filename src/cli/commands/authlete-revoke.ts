import { fingerprintOf, tokenDigest } from '../../model/token-digest.js'
import type { AuthleteTokens } from '../../management/index.js'
import { connect, SERVICE } from './authlete.js'
import { command, definedOnly } from '../command.js'
import { UsageError } from '../exit-code.js'
import { secret, text, written } from '../input/option.js'

/** Names a token without showing it. */
function named(kind: string, token: string | undefined, hash: string | undefined): string {
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
    hash: text('HASH', 'the hash of the token, as lists have it'),
  },
  example: 'tokens delete --vendor authlete --hash uQX9ZyNwpE2kTnvyX9p3YgrZxqu6Ma9aOlWBzvfx1Fk',
  needs: SERVICE,
  effect: 'destroys',
  prepare: ({ values, signal, ...call }) => {
    exactlyOne(['token', 'hash'], values)
    const tokens = connect(call)
    const { token, hash } = values
    return {
      question: () =>
        `Delete ${named('access token', token, hash)} at Authlete, and its refresh token? ` +
        'It cannot be made good again.',
      run: async () => {
        await tokens.delete(definedOnly(values), { signal })
        return { item: { deleted: true } }
      },
    }
  },
})

const OF_ONE = ['accessToken', 'accessTokenHash', 'refreshToken', 'refreshTokenHash'] as const

const revoke = command({
  name: 'tokens revoke',
  vendor: 'authlete',
  functions: ['revoke', 'revokeAllOfClient', 'revokeAllOfSubject', 'revokeAllOfClientAndSubject'],
  summary:
    'Revokes one token with the access or refresh token that belongs to it; or all of a client or person.',
  options: {
    accessToken: secret('the access token: this, or one of the next three'),
    accessTokenHash: text('HASH', 'the hash of the access token, as lists have it'),
    refreshToken: secret('the refresh token'),
    refreshTokenHash: text('HASH', 'the hash of the refresh token'),
    allOfClient: text('CLIENT', 'every token of this client, whoever it is for'),
    allOfSubject: text(
      'PERSON',
      'every token of this person; with --all-of-client, only those of that client',
    ),
  },
  example: 'tokens revoke --vendor authlete --access-token-hash uQX9ZyNwpE2kTnvyX9p3YgrZxqu6Ma9aOlWBzvfx1Fk',
  needs: SERVICE,
  effect: 'destroys',
  prepare: ({ values, signal, ...call }) => {
    const tokens = connect(call)
    const { allOfClient: clientIdentifier, allOfSubject: subject, ...one } = values
    if (clientIdentifier === undefined && subject === undefined) {
      exactlyOne(OF_ONE, one)
      return {
        question: () =>
          `Revoke ${
            one.refreshToken === undefined && one.refreshTokenHash === undefined
              ? named('access token', one.accessToken, one.accessTokenHash)
              : named('refresh token', one.refreshToken, one.refreshTokenHash)
          } at Authlete, and the token that belongs to it? It cannot be made good again.`,
        run: async () => ({ item: await tokens.revoke(definedOnly(one), { signal }) }),
      }
    }
    const beside = OF_ONE.find((name) => one[name] !== undefined)
    if (beside !== undefined)
      throw new UsageError(`${written(beside)} names one token, --all-of-... many: leave one of them out`)
    return {
      question: async () => {
        const { total } = await tokens.list(definedOnly({ clientIdentifier, subject, pageSize: 1 }), {
          signal,
        })
        const whose = [
          ...(clientIdentifier === undefined ? [] : [`of the client ${JSON.stringify(clientIdentifier)}`]),
          ...(subject === undefined ? [] : [`of the person ${JSON.stringify(subject)}`]),
        ].join(' ')
        const count = total === undefined ? '' : ` (${total} now)`
        return `Revoke EVERY token ${whose} at Authlete${count}? They cannot be made good again.`
      },
      run: async () => ({ item: await revokeAll(tokens, clientIdentifier, subject, signal) }),
    }
  },
})

function revokeAll(
  tokens: AuthleteTokens,
  clientIdentifier: string | undefined,
  subject: string | undefined,
  signal: AbortSignal,
): Promise<object> {
  if (clientIdentifier === undefined) return tokens.revokeAllOfSubject({ subject: subject ?? '' }, { signal })
  return subject === undefined
    ? tokens.revokeAllOfClient({ clientIdentifier }, { signal })
    : tokens.revokeAllOfClientAndSubject({ clientIdentifier, subject }, { signal })
}

/** Looked at before anybody is asked whether they mean it. */
function exactlyOne<N extends string>(
  names: readonly N[],
  values: Readonly<Record<N, string | undefined>>,
): void {
  if (names.filter((name) => values[name] !== undefined).length !== 1)
    throw new UsageError(`Exactly one is needed of ${names.map(written).join(', ')}`)
}

export const AUTHLETE_REMOVALS = [remove, revoke]
