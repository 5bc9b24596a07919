// Every package with the setup from its documentation, each in its fastest documented configuration.
import { JwtVerifier, JwtRsaVerifier } from 'aws-jwt-verify'
import { auth } from 'express-oauth2-jwt-bearer'
import { createVerifier } from 'fast-jwt'
import buildGetJwks from 'get-jwks'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const tokenOf = ({ authorization }) => authorization.slice('Bearer '.length)

const contender = (name, packages, make, awaited = true) => ({
  name,
  packages,
  awaited,
  isAccepted: (claims) => claims?.iss !== undefined,
  make,
})

const jose = {
  ...contender('jose jwtVerify + createRemoteJWKSet', ['jose'], ({ issuer, audience, algorithm, jwksUri }) => {
    const keys = createRemoteJWKSet(new URL(jwksUri))
    const options = { issuer, audience, algorithms: [algorithm] }
    return (headers) => jwtVerify(tokenOf(headers), keys, options)
  }),
  isAccepted: (result) => result?.payload.iss !== undefined,
}

const fastJwtOptions = ({ issuer, audience, algorithm }) => ({
  algorithms: [algorithm],
  allowedIss: issuer,
  allowedAud: audience,
})

const fastJwt = (name, extra) =>
  contender(
    name,
    ['fast-jwt'],
    (issuance) => {
      const verify = createVerifier({ key: issuance.pem, ...fastJwtOptions(issuance), ...extra })
      return (headers) => verify(tokenOf(headers))
    },
    false,
  )

const fastJwtWithKeySet = contender('fast-jwt + get-jwks, cache: true', ['fast-jwt', 'get-jwks'], (issuance) => {
  const keys = buildGetJwks({ jwksPath: '/.well-known/jwks.json' })
  const key = ({ header: { kid, alg } }) => keys.getPublicKey({ kid, alg, domain: issuance.issuer })
  const verify = createVerifier({ key, ...fastJwtOptions(issuance), cache: true })
  return (headers) => verify(tokenOf(headers))
})

const auth0 = contender(
  'express-oauth2-jwt-bearer',
  ['express-oauth2-jwt-bearer'],
  ({ issuer, audience, jwksUri, algorithm }) => {
    const middleware = auth({ issuer, audience, jwksUri, tokenSigningAlg: algorithm })
    const host = '127.0.0.1:3000'
    // The properties of an Express request that the middleware reads.
    const request = (headers) => ({
      headers: { host, ...headers },
      hostname: '127.0.0.1',
      method: 'GET',
      protocol: 'http',
      originalUrl: '/',
      query: {},
      is: () => false,
      get: (name) => (name.toLowerCase() === 'host' ? host : undefined),
    })
    return (headers) =>
      new Promise((resolve, reject) => {
        const incoming = request(headers)
        middleware(incoming, {}, (error) => {
          if (error === undefined) resolve(incoming.auth.payload)
          else reject(error)
        })
      })
  },
)

const aws = contender(
  'aws-jwt-verify verifySync',
  ['aws-jwt-verify'],
  ({ issuer, audience, jwksUri, jwk, algorithm }) => {
    const Verifier = algorithm === 'RS256' ? JwtRsaVerifier : JwtVerifier
    // aws-jwt-verify fetches keys over https only. The keys are passed in, so that nothing is fetched.
    const verifier = Verifier.create({ issuer, audience, jwksUri: jwksUri.replace('http:', 'https:') })
    verifier.cacheJwks({ keys: [jwk] })
    return (headers) => verifier.verifySync(tokenOf(headers))
  },
  false,
)

export const fastJwtWithCache = fastJwt('fast-jwt with one key, cache: true', { cache: true })
export const cachingPeers = [fastJwtWithCache, fastJwtWithKeySet, auth0, jose]

export const verifyingPeers = [aws, fastJwt('fast-jwt with one key', {}), jose, auth0]
