import type { Revocation } from '../../model/revocation.js'
import { readTarget } from '../../revocation/read-target.js'
import { messageOf } from '../../revocation/store-failure.js'
import type { RevocationTarget } from '../../revocation/revocations.js'
import { command, omitUndefined } from '../command.js'
import { moment, number, required, text } from '../input/option.js'
import { UsageError } from '../exit-code.js'
import { revocationsOf, withStore } from '../store/redis.js'

const redis = required(
  text('URL', 'Redis, such as redis://redis.internal:6379, or env:NAME for a variable with the URL'),
)
const prefix = text('PREFIX', 'prefix of the keys, as in redisRevocations; default m2m-guard')

/** Seconds by which `--before` may be ahead. */
const TOLERANCE = 60

const revoke = command({
  name: 'revoke',
  summary: 'Revokes a token, a client, a subject or everything issued before a time, in all processes.',
  options: {
    redis,
    issuer: required(text('ISSUER', 'the iss of the tokens. It is not checked against a configuration')),
    tokenId: text('ID', 'the jti of a token'),
    client: text('ID', 'a client: its tokens that were issued before --before'),
    subject: text('ID', 'a subject: its tokens that were issued before --before'),
    before: moment('tokens issued earlier are refused, such as 2030-01-31T08:00:00Z; default now'),
    expiresAt: moment('with --token-id: the expiry of the token, after which the entry is dropped'),
    reason: text('REASON', 'why, for logs'),
    prefix,
  },
  example:
    "revoke --redis env:REDIS_URL --issuer https://auth.example.com --client billing --reason 'key leaked'",
  needs: [],
  effect: 'destroys',
  prepare: ({ values, env, loadPackage }) => {
    const { client: clientId, tokenId, subject, issuer, before, expiresAt, reason } = values
    const target = omitUndefined({
      issuer,
      tokenId,
      clientId,
      subject,
      before,
      expiresAt,
      reason,
    }) as RevocationTarget
    checkTarget(target)
    return {
      question: () => `Refuse ${describe(target)} in all processes? This cannot be undone.`,
      run: () =>
        withStore({ redis: values.redis, prefix: values.prefix }, { env, loadPackage }, async (store) => {
          const { receipt, durable } = await revocationsOf(store).revoke(target).catch(failNotStored)
          // Other revocations of the same store, which know the entry only if Redis has it.
          const reader = revocationsOf(store)
          await reader.reached(receipt, { deadline: '10s' })
          const [entry] = reader.list().filter((one) => isAbout(one, target))
          return { item: { ...entry, durable, receipt } }
        }),
    }
  },
})

const list = command({
  name: 'revocations',
  summary: 'Lists the revocations in Redis, the latest first.',
  options: {
    redis,
    issuer: text('ISSUER', 'only those of this issuer'),
    limit: number('N', 'at most this number', 1),
    prefix,
  },
  example: 'revocations --redis env:REDIS_URL --limit 20',
  needs: [],
  effect: 'reads',
  prepare: ({ values, env, loadPackage }) => ({
    run: async () => {
      const place = { redis: values.redis, prefix: values.prefix }
      const notes: string[] = []
      const all = await withStore(place, { env, loadPackage }, async (store) => {
        const revocations = revocationsOf(store, (detail) => notes.push(detail))
        await revocations.ready()
        return revocations.list()
      })
      return {
        items: itemsOf(all.filter(({ issuer }) => values.issuer === undefined || issuer === values.issuer)),
        limit: values.limit,
        columns: [
          'kind',
          'issuer',
          'tokenId',
          'digest',
          'clientId',
          'subject',
          'before',
          'revokedAt',
          'reason',
        ],
        notes,
      }
    },
  }),
})

async function* itemsOf(revocations: readonly Revocation[]): AsyncGenerator<object> {
  await Promise.resolve()
  yield* revocations
}

/** Says what to do in place of what a process that goes on would do. */
function failNotStored(error: unknown): never {
  const cause = error instanceof Error ? error.cause : undefined
  // Without a cause it was not the store that failed, such as a clock that is ahead.
  if (cause === undefined) throw error
  throw new Error(
    `the revocation is not stored: ${messageOf(cause)}. Run the command again: repetitions are harmless`,
    { cause },
  )
}

/** @throws ConfigurationError or UsageError for a target that names nothing or too much, before Redis is called. */
function checkTarget(target: RevocationTarget): void {
  if (!['tokenId', 'clientId', 'subject', 'before'].some((name) => name in target))
    throw new UsageError(
      'revoke: pass one of --token-id, --client, --subject, or --before for all tokens of the issuer',
    )
  if (['tokenId', 'clientId', 'subject'].filter((name) => name in target).length > 1)
    throw new UsageError(
      'revoke: pass only one of --token-id, --client and --subject. Run it once per target',
    )
  readTarget(target, { now: Date.now() / 1000, tolerance: TOLERANCE })
}

function describe(target: RevocationTarget): string {
  if ('tokenId' in target) return `the token ${target.tokenId} of ${target.issuer}`
  const time = target.before === undefined ? 'now' : new Date(Number(target.before) * 1000).toISOString()
  if ('clientId' in target)
    return `tokens of the client ${target.clientId} of ${target.issuer} issued before ${time}`
  if ('subject' in target)
    return `tokens of the subject ${target.subject} of ${target.issuer} issued before ${time}`
  return `all tokens of ${target.issuer} issued before ${time}`
}

/** Whether an entry is that of a target. */
function isAbout(entry: Revocation, target: RevocationTarget): boolean {
  const given = target as { readonly tokenId?: string; readonly clientId?: string; readonly subject?: string }
  if (entry.issuer !== target.issuer) return false
  return (
    entry.tokenId === given.tokenId && entry.clientId === given.clientId && entry.subject === given.subject
  )
}

export const REVOCATION_COMMANDS = [revoke, list]
