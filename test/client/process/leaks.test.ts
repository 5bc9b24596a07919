import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { generateKeyPairSync } from 'node:crypto'
import { TokenSourceError } from '../../../src/client/index.js'
import type { TokenSource } from '../../../src/client/index.js'
import type { Endpoint, Fault, TestIssuer } from '../../../src/testing/index.js'
import { clientBed, type ClientBed } from '../../support/client.js'
import { failureOf } from '../../support/outcomes.js'

const SECRET = 'hunter2: 100% + a secret & more'
const KEY = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

/** Answers with whatever it was sent, as codes and words, in every form it knows. */
const ECHO: Fault = (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const said = [request.headers.authorization ?? '', Buffer.concat(chunks).toString()].join(' ')
    const read = [...new URLSearchParams(Buffer.concat(chunks).toString()).values()].join(' ')
    const description = `${said} ${read}`
    const errors = [{ code: description, message: description, long_message: description }]
    response.writeHead(401, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: description, error_description: description, errors }))
  })
}

const SOURCES: readonly [string, Endpoint, (bed: ClientBed) => TokenSource][] = [
  [
    'basic',
    'token',
    ({ issuer, source }) => source({ ...registered(issuer), allowedOrigins: 'https://api.test' }),
  ],
  ['post', 'token', ({ issuer, source }) => source({ ...registered(issuer), authentication: 'post' })],
  [
    'private_key_jwt',
    'token',
    ({ issuer, source }) => {
      const { clientId } = issuer.addClient({ publicKey: KEY.publicKey })
      const key = { authentication: 'private_key_jwt', privateKey: KEY.privateKey } as const
      return source({ clientId, clientSecret: undefined, ...key })
    },
  ],
  ['stytch', 'stytchToken', ({ stytchSource }) => stytchSource()],
  ['clerk', 'clerkTokens', ({ clerkSource }) => clerkSource()],
]

function registered(issuer: TestIssuer): { readonly clientId: string; readonly clientSecret: string } {
  const { clientId, clientSecret } = issuer.addClient({ clientId: 'me', clientSecret: SECRET })
  return { clientId, clientSecret }
}

/** Everything that must be nowhere, in the forms in which it might be. */
function secretsOf({ issuer, sent }: ClientBed, tokens: readonly string[]): readonly string[] {
  const known = [SECRET, issuer.stytchProject.client.clientSecret, issuer.clerkMachines.sender.secretKey]
  const assertions = sent.map(({ form }) => form.get('client_assertion') ?? '').filter((text) => text !== '')
  const encoded = known.flatMap((text) => [
    text,
    encodeURIComponent(text),
    new URLSearchParams({ '': text }).toString().slice(1),
  ])
  const headers = sent.map(({ headers }) => (headers.get('authorization') ?? '').replace(/^\w+ /, ''))
  const keyLine = KEY.privateKey.split('\n')[1]!
  return [...encoded, ...assertions, ...headers, ...tokens, keyLine].filter((text) => text !== '')
}

function writtenForms(value: unknown): string {
  const text = value instanceof Error ? `${value.message} ${value.stack ?? ''} ${String(value)}` : ''
  return `${text} ${inspect(value, { depth: 10, showHidden: true })} ${JSON.stringify(value)}`
}

describe.each(SOURCES)('%s', (_, endpoint, make) => {
  it('credentials that the issuer quotes do not appear in an error', async () => {
    const bed = await clientBed()
    const tokens = make(bed)
    bed.issuer.fail(endpoint, ECHO)
    const errors = [
      await failureOf(tokens.getToken(), TokenSourceError),
      await failureOf(tokens.getToken(), TokenSourceError),
    ]
    for (const secret of secretsOf(bed, []))
      for (const error of errors) expect(writtenForms(error)).not.toContain(secret)
    expect(errors[0]!.reason).toBe('credentials_refused')
  })

  it('neither a source nor its errors show a secret or a token', async () => {
    const bed = await clientBed()
    const tokens = make(bed)
    const token = await tokens.getToken()
    const seen = [writtenForms(tokens)]
    bed.pass(3600)
    for (const fault of [
      500,
      'reset',
      'html',
      'redirect',
      { body: { access_token: 'to\nken-7', token: 'to\nken-7' } },
    ] as const) {
      bed.issuer.fail(endpoint, fault)
      seen.push(writtenForms(await failureOf(tokens.getToken(), TokenSourceError)))
      bed.pass(120)
    }
    tokens.close()
    seen.push(writtenForms(tokens), writtenForms(await failureOf(tokens.getToken(), TokenSourceError)))
    for (const secret of [...secretsOf(bed, [token]), 'ken-7'])
      for (const text of seen) expect(text).not.toContain(secret)
  })
})

it.each<[string, (secret: string) => string]>([
  ['in base64', (secret) => Buffer.from(secret).toString('base64')],
  ['in base64url', (secret) => Buffer.from(secret).toString('base64url')],
  ['in JSON', (secret) => JSON.stringify(secret).slice(1, -1)],
  ['with zero-width spaces', (secret) => secret.replace(/\B|\b/g, '\u200b')],
])('a secret that the issuer quotes %s is not in the error', async (_, quoted) => {
  const secret = `"${SECRET}\\~?>"`
  const bed = await clientBed()
  const { clientId } = bed.issuer.addClient({ clientId: 'me', clientSecret: SECRET })
  const told = quoted(secret)
  bed.issuer.fail('token', { status: 400, body: { error: 'invalid_request', error_description: told } })
  const error = await failureOf(bed.source({ clientId, clientSecret: secret }).getToken(), TokenSourceError)
  expect(error.message).toContain('[secret]')
  for (const text of [told, secret]) expect(writtenForms(error)).not.toContain(text)
})
