import { describe, it } from 'vitest'
import {
  certificateFiles,
  jwtBearerTokenSource,
  tokenExchangeSource,
  tokenSource,
  type ClientAuthentication,
  type Secret,
} from '../../src/client/index.js'
import { oauthTokens } from '../../src/management/index.js'

const issuer = 'https://auth.example.com'
const tokenEndpoint = 'https://auth.example.com/token'
const clientId = 'billing'
const clientAssertion = (): Promise<string> => Promise.resolve('a.b.c')
const stytch = { projectId: 'project-test-1' }
declare const clientSecret: Secret
declare const privateKey: string
declare const authenticate: ClientAuthentication
declare const isDiscovered: boolean

describe('the options of a token source', () => {
  it('accept each combination that works', () => {
    tokenSource({ issuer, clientId, clientSecret })
    tokenSource({ tokenEndpoint, clientId, clientSecret: () => 'secret', authentication: 'post' })
    tokenSource({
      issuer,
      clientId,
      clientSecret,
      clientCertificate: certificateFiles({ cert: 'c', key: 'k' }),
    })
    tokenSource({ issuer, clientId, privateKey, keyId: 'a', authentication: 'private_key_jwt' })
    tokenSource({ issuer, clientId, clientAssertion })
    tokenSource({ issuer, clientId, clientAssertion, authentication: 'private_key_jwt' })
    tokenSource({ issuer, clientId, authentication: 'tls_client_auth', fetch })
    tokenSource({ issuer, authentication: 'none' })
    tokenSource({ issuer, authentication: authenticate })
    tokenSource({ issuer, authentication: ({ form }) => ({ form: { size: `${form.size}` } }) })
    tokenSource({ stytch, clientId, clientSecret })
    tokenSource({ ...(isDiscovered ? { issuer } : { tokenEndpoint }), clientId, clientSecret })
    jwtBearerTokenSource({ issuer, authentication: 'none', assertion: clientAssertion })
    tokenExchangeSource({ tokenEndpoint, clientId, clientSecret, subjectToken: 'a' })
  })

  it('require exactly one of issuer, tokenEndpoint and stytch', () => {
    // @ts-expect-error -- no issuer
    tokenSource({ clientId, clientSecret })
    // @ts-expect-error -- two addresses
    tokenSource({ issuer, tokenEndpoint, clientId, clientSecret })
    // @ts-expect-error -- two addresses
    tokenSource({ issuer, stytch, clientId, clientSecret })
    // @ts-expect-error -- no issuer
    jwtBearerTokenSource({ authentication: 'none' })
    // @ts-expect-error -- two addresses
    tokenExchangeSource({ issuer, tokenEndpoint, clientId, clientSecret })
  })

  it('require the client id and the credential of the method', () => {
    // @ts-expect-error -- no client id
    tokenSource({ issuer, clientSecret })
    // @ts-expect-error -- no client id
    tokenSource({ issuer, clientAssertion })
    // @ts-expect-error -- no client id
    tokenSource({ issuer, privateKey, authentication: 'private_key_jwt' })
    // @ts-expect-error -- no client id
    tokenSource({ issuer, authentication: 'tls_client_auth', fetch })
    // @ts-expect-error -- no secret
    tokenSource({ issuer, clientId })
    // @ts-expect-error -- no key and no assertion
    tokenSource({ issuer, clientId, authentication: 'private_key_jwt' })
    // @ts-expect-error -- no secret
    tokenExchangeSource({ issuer, clientId })
    // @ts-expect-error -- no client id
    jwtBearerTokenSource({ issuer, clientSecret })
  })

  it('refuse credentials that the method does not use', () => {
    // @ts-expect-error -- two credentials
    tokenSource({ issuer, clientId, clientSecret, clientAssertion })
    // @ts-expect-error -- two assertions
    tokenSource({ issuer, clientId, privateKey, clientAssertion, authentication: 'private_key_jwt' })
    // @ts-expect-error -- the assertion is signed already
    tokenSource({ issuer, clientId, clientAssertion, keyId: 'a' })
    // @ts-expect-error -- a key needs authentication: 'private_key_jwt'
    tokenSource({ issuer, clientId, privateKey })
    // @ts-expect-error -- a secret without effect
    tokenSource({ issuer, clientId, clientSecret, authentication: 'none' })
    // @ts-expect-error -- a secret without effect
    tokenSource({ issuer, clientId, clientSecret, authentication: authenticate })
    // @ts-expect-error -- Stytch requires 'post'
    tokenSource({ stytch, clientId, clientSecret, authentication: 'basic' })
    // @ts-expect-error -- Stytch has its project as audience
    tokenSource({ stytch, clientId, clientSecret, audience: 'orders' })
    // @ts-expect-error -- two credentials
    jwtBearerTokenSource({ issuer, clientId, clientSecret, clientAssertion })
  })

  it('refuse what they do not know', () => {
    // @ts-expect-error -- no such option
    tokenSource({ issuer, clientId, clientSecret, scope: 'orders:read' })
  })
})

describe('the options of oauthTokens', () => {
  it('accept each method of authentication, with an issuer or an endpoint', () => {
    oauthTokens({ issuer, clientId, clientSecret })
    oauthTokens({ introspectionEndpoint: tokenEndpoint, clientId, clientSecret, authentication: 'post' })
    oauthTokens({ revocationEndpoint: tokenEndpoint, clientId, clientAssertion })
    oauthTokens({ issuer, clientId, privateKey, authentication: 'private_key_jwt' })
    oauthTokens({ issuer, authentication: authenticate })
  })

  it('refuse what throws', () => {
    // @ts-expect-error -- no issuer and no endpoint
    oauthTokens({ clientId, clientSecret })
    // @ts-expect-error -- no secret
    oauthTokens({ issuer, clientId })
    // @ts-expect-error -- two credentials
    oauthTokens({ issuer, clientId, clientSecret, clientAssertion })
    // @ts-expect-error -- a secret without effect
    oauthTokens({ issuer, clientId, clientSecret, authentication: 'none' })
    // @ts-expect-error -- a key needs authentication: 'private_key_jwt'
    oauthTokens({ issuer, clientId, privateKey })
  })
})
