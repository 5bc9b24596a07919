import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { TokenSourceError, type TokenSourceEvent } from '../../../src/client/index.js'
import { clientBed, fetchHere } from '../../support/client.js'
import { failureOf } from '../../support/outcomes.js'
import { until } from '../../support/until.js'

/** Encodings in which an issuer may repeat a token. */
const ENCODINGS: readonly (readonly [string, (token: string) => string])[] = [
  ['as it is', (token) => token],
  ['in base64', (token) => Buffer.from(token).toString('base64')],
  ['split by a line break', (token) => `${token.slice(0, 9)}\n${token.slice(9)}`],
]

it.each(ENCODINGS)(
  'an error contains no token of the source that the issuer repeats %s',
  async (_, encode) => {
    const { issuer, source } = await clientBed()
    const events: TokenSourceEvent[] = []
    const tokens = source({ onEvent: (event) => events.push(event) })
    const earlier = await tokens.getToken()
    const held = await tokens.refresh()
    const other = await tokens.getToken({ scopes: 'other' })
    for (const token of [earlier, held, other]) {
      tokens.reset()
      const description = `old ${encode(token)}`
      const body = { error: 'invalid_request', error_description: description, request_id: encode(token) }
      issuer.fail('token', { status: 400, body })
      const error = await failureOf(tokens.refresh(), TokenSourceError)
      const shown = inspect([error, events, tokens.health()], { depth: 9 })
      expect(error.message).toContain('[secret]')
      // The message is cut, so that a part of the token would remain.
      expect(shown).not.toContain(encode(token).slice(0, 20))
      expect(shown).not.toContain(token.slice(0, 20))
    }
  },
)

it('neither does the error of a custom fetch', async () => {
  let secret = ''
  const { source } = await clientBed()
  const tokens = source({
    fetch: (input, init) =>
      secret === '' ? fetchHere(input, init) : Promise.reject(new Error(`cannot send ${secret}`)),
  })
  secret = await tokens.getToken()
  const error = await failureOf(tokens.refresh(), TokenSourceError)
  expect(inspect(error, { depth: 9 })).toContain('cannot send [secret]')
})

it('neither does the event of a Clerk source', async () => {
  const { issuer, clerkSource, pass } = await clientBed()
  const events: TokenSourceEvent[] = []
  const tokens = clerkSource({ expiresIn: '1h', onEvent: (event) => events.push(event) })
  const token = await tokens.getToken()
  const body = { errors: [{ code: 'bad', message: `old ${token}` }] }
  issuer.fail('clerkTokens', { status: 422, body })
  pass(3300)
  await tokens.getToken()
  await until(() => events.some(({ kind }) => kind === 'token_failed'))
  expect(inspect(events)).toContain('old [secret]')
  expect(inspect(events)).not.toContain(token)
})
