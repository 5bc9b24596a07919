import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { tokenSource, TokenSourceError, type TokenSourceOptions } from '../../src/client/index.js'
import { ManagementError, oauthTokens } from '../../src/management/index.js'
import { oauth } from '../../src/index.js'
import { clientBed } from '../support/client.js'
import { failureOf } from '../support/outcomes.js'

const BASE = { issuer: 'https://auth.test', clientId: 'billing' }

const create = (options: object) => () => tokenSource({ ...BASE, ...options } as TokenSourceOptions)

describe('options of a method that is not selected', () => {
  it.each<[string, object, string]>([
    [
      'a key without authentication and without a secret',
      { privateKey: 'a' },
      "privateKey: has no effect with authentication: 'basic'. Leave it out, or set authentication to 'private_key_jwt', because 'basic' is the default",
    ],
    [
      'the key id alone',
      { keyId: 'a' },
      "keyId: has no effect with authentication: 'basic'. Leave it out, or set authentication to 'private_key_jwt', because 'basic' is the default",
    ],
    ['no credential', {}, "clientSecret: is required with authentication: 'basic', which is the default"],
    [
      'a certificate without authentication',
      { clientCertificate: () => ({}) },
      "clientSecret: is required with authentication: 'basic', which is the default. If the certificate authenticates the client, set authentication to 'tls_client_auth' or 'self_signed_tls_client_auth'",
    ],
    [
      'a key with the method named',
      { authentication: 'basic', privateKey: 'a' },
      "clientSecret: is required with authentication: 'basic'",
    ],
  ])('%s: the error says what to set', (_, options, problem) => {
    expect(create(options)).toThrow(expect.objectContaining({ message: `tokenSource.${problem}` }))
    expect(() => oauthTokens({ ...BASE, ...options } as never)).toThrow(problem)
    const { issuer, ...introspection } = { ...BASE, ...options }
    expect(() => oauth({ issuer, audience: 'x', introspection: introspection as never })).toThrow(problem)
  })
})

describe('what a function returned wrongly', () => {
  const file = new URL(import.meta.url)
  it.each<[string, object, string]>([
    [
      'bytes of a file',
      { clientSecret: () => readFile(file) },
      "clientSecret: must be a non-empty string, not bytes, so that no token request was sent. Read a file with the encoding 'utf8'",
    ],
    [
      'two line breaks',
      { clientSecret: () => 'hunter2\n\n' },
      'clientSecret: ends with a line break, so that no token request was sent. Remove it with .trim()',
    ],
    [
      'a key with escaped line breaks',
      { authentication: 'private_key_jwt', privateKey: () => '-----BEGIN PRIVATE KEY-----\\na\\n' },
      "privateKey: contains escaped line breaks (a backslash and n), so that no token request was sent. Convert them with key.replaceAll('\\\\n', '\\n')",
    ],
    [
      'nothing',
      { clientSecret: () => '' },
      'clientSecret: must be a non-empty string, so that no token request was sent. Check the secret store it reads from',
    ],
    [
      'headers that are not strings, from a function as authentication',
      { authentication: () => ({ headers: 5 }) },
      'so that no token request was sent. Check the function',
    ],
    [
      'something else, from a function as authentication',
      { authentication: () => 5 },
      'authentication: the function must return { headers, form }, both objects of strings, so that no token request was sent. Check the function',
    ],
  ])('%s: the advice fits', async (_, options, message) => {
    const { issuer, source } = await clientBed()
    const error = await failureOf(
      source({ clientSecret: undefined, ...options }).getToken(),
      TokenSourceError,
    )
    expect(error.message.endsWith(message), error.message).toBe(true)
    const tokens = oauthTokens({ issuer: issuer.url, clientId: 'billing', ...options } as never)
    const { message: managed } = await failureOf(tokens.introspect({ token: 'a' }), ManagementError)
    // Management has the same advice, without the words about a token request.
    const [advice = ''] = message.split('. ').slice(-1)
    expect(managed.endsWith(`. ${advice}`), managed).toBe(true)
    expect(managed.split(advice)).toHaveLength(2)
  })
})

it.each(['getToken', 'getTokenInfo', 'refresh', 'ready'] as const)(
  '%s refuses a signal that is not an AbortSignal',
  async (operation) => {
    const { source, sent } = await clientBed()
    await expect(source()[operation]({ signal: 'x' } as never)).rejects.toThrow(
      expect.objectContaining({ message: `${operation}.signal: must be an AbortSignal` }),
    )
    expect(sent).toEqual([])
  },
)

it('fetch of a source refuses such a signal too', async () => {
  const { source, sent } = await clientBed()
  const tokens = source({ allowedOrigins: 'https://orders.test' })
  const call = tokens.fetch('https://orders.test/', {}, { signal: 'x' } as never)
  await expect(call).rejects.toThrow('fetch.signal: must be an AbortSignal')
  expect(sent).toEqual([])
})
